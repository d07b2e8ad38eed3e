// One weight's way through one optimizer step, as PyTorch's documentation defines it.

import { type Recorded, toNumber } from "./numbers.ts";

type Settings = Record<string, string | number | boolean | null>;

/** name: a key of the table of strings. value: the number it gives. */
export interface Line {
  name: "decay" | "gradient" | "buffer" | "nesterov" | "m" | "v" | "vmax" | "mhat" | "vhat" | "denominator" | "change" | "after";
  formula: string;
  value: number;
}

export interface UpdateWork {
  lines: Line[];
  after: number;
  /** What the optimizer keeps for the next step, by the name PyTorch gives it. */
  state: Record<string, number>;
}

export interface Given {
  optimizer: string;
  settings: Settings;
  before: Recorded;
  gradient: Recorded;
  stateBefore: Record<string, Recorded>;
  /** The number of the step for this weight, counted from 1, where the record tells it. */
  step?: number | null;
}

export const WORKED = ["SGD", "Adam", "AdamW"];

/** null: this optimizer, or one of its settings, is not one that is worked here. */
export function workUpdate(given: Given): UpdateWork | null {
  const before = toNumber(given.before);
  const gradient = toNumber(given.gradient);
  const rate = numberOf(given.settings["lr"]);
  if (before === null || gradient === null || rate === null) return null;
  if (given.optimizer === "SGD") return sgd(given, before, gradient, rate);
  if (given.optimizer === "Adam" || given.optimizer === "AdamW") return adam(given, before, gradient, rate);
  return null;
}

function sgd(given: Given, before: number, gradient: number, rate: number): UpdateWork {
  const { settings } = given;
  const lines: Line[] = [];
  let g = directed(settings, gradient, lines);
  const decay = numberOf(settings["weight_decay"]) ?? 0;
  if (decay) {
    lines.push({ name: "gradient", formula: `${show(g)} + ${inside(decay)} × ${inside(before)}`, value: (g += decay * before) });
  }
  const state: Record<string, number> = {};
  const momentum = numberOf(settings["momentum"]) ?? 0;
  let direction = g;
  if (momentum) {
    const old = toNumber(given.stateBefore["momentum_buffer"]);
    const damp = 1 - (numberOf(settings["dampening"]) ?? 0);
    const buffer = old === null ? g : momentum * old + damp * g;
    const formula = old === null ? show(g) : `${show(momentum)} × ${inside(old)} + ${damp === 1 ? "" : `${show(damp)} × `}${show(g)}`;
    lines.push({ name: "buffer", formula, value: buffer });
    state["momentum_buffer"] = buffer;
    direction = buffer;
    if (settings["nesterov"] === true) {
      direction = g + momentum * buffer;
      lines.push({ name: "nesterov", formula: `${show(g)} + ${inside(momentum)} × ${inside(buffer)}`, value: direction });
    }
  }
  const change = -rate * direction;
  lines.push({ name: "change", formula: `−${show(rate)} × ${inside(direction)}`, value: change });
  return finish(lines, before, change, state);
}

function adam(given: Given, start: number, gradient: number, rate: number): UpdateWork | null {
  const { settings, stateBefore } = given;
  const [beta1, beta2] = pair(settings["betas"]);
  const eps = numberOf(settings["eps"]);
  if (beta1 === null || beta2 === null || eps === null) return null;
  const lines: Line[] = [];
  let before = start;
  let g = directed(settings, gradient, lines);
  const decay = numberOf(settings["weight_decay"]) ?? 0;
  if (decay && (given.optimizer === "AdamW" || settings["decoupled_weight_decay"] === true)) {
    lines.push({ name: "decay", formula: `${show(before)} × (1 − ${show(rate)} × ${inside(decay)})`, value: (before *= 1 - rate * decay) });
  } else if (decay) {
    lines.push({ name: "gradient", formula: `${show(g)} + ${inside(decay)} × ${inside(before)}`, value: (g += decay * before) });
  }
  const t = (toNumber(stateBefore["step"]) ?? 0) + 1;
  const m0 = toNumber(stateBefore["exp_avg"]) ?? 0;
  const v0 = toNumber(stateBefore["exp_avg_sq"]) ?? 0;
  const m = beta1 * m0 + (1 - beta1) * g;
  const v = beta2 * v0 + (1 - beta2) * g * g;
  lines.push({ name: "m", formula: `${show(beta1)} × ${inside(m0)} + ${inside(1 - beta1)} × ${inside(g)}`, value: m });
  lines.push({ name: "v", formula: `${show(beta2)} × ${inside(v0)} + ${inside(1 - beta2)} × ${inside(g)}²`, value: v });
  const state: Record<string, number> = { step: t, exp_avg: m, exp_avg_sq: v };
  let used = v;
  if (settings["amsgrad"] === true) {
    const largest = Math.max(toNumber(stateBefore["max_exp_avg_sq"]) ?? 0, v);
    lines.push({ name: "vmax", formula: `max(${show(toNumber(stateBefore["max_exp_avg_sq"]) ?? 0)}, ${show(v)})`, value: largest });
    state["max_exp_avg_sq"] = largest;
    used = largest;
  }
  const mhat = m / (1 - beta1 ** t);
  const vhat = used / (1 - beta2 ** t);
  lines.push({ name: "mhat", formula: `${show(m)} / (1 − ${show(beta1)}^${t})`, value: mhat });
  lines.push({ name: "vhat", formula: `${show(used)} / (1 − ${show(beta2)}^${t})`, value: vhat });
  const denominator = Math.sqrt(vhat) + eps;
  lines.push({ name: "denominator", formula: `√${show(vhat)} + ${inside(eps)}`, value: denominator });
  const change = (-rate * mhat) / denominator;
  lines.push({ name: "change", formula: `−${show(rate)} × ${inside(mhat)} / ${inside(denominator)}`, value: change });
  return finish(lines, before, change, state);
}

function directed(settings: Settings, gradient: number, lines: Line[]): number {
  if (settings["maximize"] !== true) return gradient;
  lines.push({ name: "gradient", formula: `−(${show(gradient)})`, value: -gradient });
  return -gradient;
}

function finish(lines: Line[], before: number, change: number, state: Record<string, number>): UpdateWork {
  const after = before + change;
  lines.push({ name: "after", formula: `${show(before)} + ${inside(change)}`, value: after });
  return { lines, after, state };
}

function numberOf(value: string | number | boolean | null | undefined): number | null {
  return typeof value === "boolean" ? null : toNumber(value);
}

/** Two settings that a record writes as one text: "0.9, 0.999". */
function pair(value: string | number | boolean | null | undefined): [number | null, number | null] {
  const parts = typeof value === "string" ? value.split(",").map((part) => Number.parseFloat(part)) : [];
  return [parts[0] ?? null, parts[1] ?? null].map((part) => (part === null || Number.isNaN(part) ? null : part)) as [number | null, number | null];
}

/** As a factor or a term: a number below 0 stands in brackets. */
const inside = (value: number): string => (value < 0 ? `(${show(value)})` : show(value));

/** A float32 in the digits that tell it from others, without noise. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "−inf";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e-4 && size < 1e7 ? String(Number(value.toPrecision(7))) : value.toExponential(6).replace(/\.?0+e/, "e");
  return text.replace(/-/g, "−");
}
