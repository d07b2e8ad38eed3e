// What exists after an operation, and where each value was made. Worked out from the operations up
// to it; what the record does not say is not there.

import type { Values } from "../types.ts";
import { strings } from "../strings.ts";
import type { Operation } from "./operations.ts";

export interface Thing {
  name: string;
  /** What it is now: "64x10 (float32)", "2.3026 nats", "6 none". */
  value: string;
  state: "none" | "zero" | "value" | "";
  /** The operation that made or changed it; -1 where it was there before the step. */
  madeBy: number;
  tensor?: Values;
}

export function existsAfter(all: readonly Operation[], index: number): Thing[] {
  const things = new Map<string, Thing>();
  const put = (key: string, thing: Thing) => things.set(key, thing);
  before(all, put);
  for (const operation of all.slice(0, index + 1)) take(operation, put, things);
  // A model's result is there once its last layer has run.
  for (const operation of all) {
    const event = operation.event;
    if (event?.kind === "look-call" && event.depth === 0 && operation.lastInside <= index && event.outputs?.[0]) {
      things.delete("activation");
      const thing = tensor(strings.things.scores, event.outputs[0], operation.lastInside);
      if (![...things.values()].some((other) => other.name === thing.name && other.madeBy > operation.lastInside)) put("scores", thing);
    }
  }
  const order = ["mode", "batch", "activation", "scores", "loss", "gradients", "parameters", "state"];
  const rank = (key: string) => order.indexOf(key.split(":")[0] ?? "");
  return [...things.entries()].sort(([a], [b]) => rank(a) - rank(b)).map(([, thing]) => thing);
}

type Put = (key: string, thing: Thing) => void;

/** What was there when the step began, as far as its operations tell. */
function before(all: readonly Operation[], put: Put): void {
  for (const { event } of all) {
    if (event?.kind === "look-clear" || event?.kind === "look-backward") {
      put("gradients", counted(event.before ?? {}, -1));
      break;
    }
  }
  const step = all.find((operation) => operation.event?.kind === "look-step")?.event;
  if (step?.kind === "look-step") {
    const count = (step.updates?.length ?? 0) + (step.left_out ?? 0);
    if (count) put("parameters", { name: strings.things.parameters, value: strings.parametersBefore(count), state: "value", madeBy: -1 });
  }
}

function take(operation: Operation, put: Put, things: Map<string, Thing>): void {
  const { event, index, op } = operation;
  if (op && (op.op === "forward" || op.op === "mode") && typeof op.facts?.["training"] === "boolean") {
    const value = op.facts["training"] ? strings.train : strings.eval;
    if (things.get("mode")?.value !== value) put("mode", { name: strings.things.mode, value, state: "", madeBy: index });
  }
  if (!event) return;
  switch (event.kind) {
    case "look-batch":
      for (const [i, values] of (event.tensors ?? []).entries()) {
        const name = event.names?.[i] ?? String(i);
        put(`batch:${i}`, tensor(strings.batchPart(name, values), values, index));
      }
      break;
    case "look-call":
      if (event.outputs?.[0] && operation.lastInside === index) put("activation", tensor(strings.things.activation, event.outputs[0], index));
      break;
    case "look-loss":
      put("loss", { name: strings.things.loss, value: strings.number(event.value), state: "value", madeBy: index });
      break;
    case "look-backward": {
      const counts: Record<string, number> = {};
      for (const gradient of event.gradients ?? []) counts[gradient.state ?? "value"] = (counts[gradient.state ?? "value"] ?? 0) + 1;
      if (event.left_out) counts["value"] = (counts["value"] ?? 0) + event.left_out;
      put("gradients", counted(counts, index));
      break;
    }
    case "look-step": {
      const updates = event.updates ?? [];
      const moved = updates.filter((update) => update.changed ?? true).length + (event.left_out ?? 0);
      const count = updates.length + (event.left_out ?? 0);
      put("parameters", { name: strings.things.parameters, value: strings.parametersAfter(moved, count), state: "value", madeBy: index });
      const state = Object.keys(event.weights?.[0]?.state_after ?? {});
      if (state.length) put("state", { name: strings.things.state, value: state.join(", "), state: "value", madeBy: index });
      break;
    }
    case "look-clear":
      put("gradients", counted(event.after ?? {}, index));
      break;
  }
}

function tensor(name: string, values: Values, madeBy: number): Thing {
  return { name, value: strings.tensor(values), state: "value", madeBy, tensor: values };
}

function counted(counts: Record<string, number>, madeBy: number): Thing {
  const kinds = Object.keys(counts).filter((kind) => (counts[kind] ?? 0) > 0);
  const only = kinds.length === 1 ? kinds[0] : undefined;
  const state = only === "none" || only === "zero" ? only : kinds.length ? "value" : "";
  return { name: strings.things.gradients, value: strings.gradientCounts(counts), state, madeBy };
}
