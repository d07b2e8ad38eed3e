// The operations of one step in the order in which they happened: those that were looked at, each
// drawn from its own event, and between them those that the anatomy of the step names.

import type { Op, Site } from "../types.ts";
import { strings } from "../strings.ts";
import type { Look, LookEvent } from "./run.ts";

export const PHASES = ["batch", "forward", "loss", "backward", "step", "clear"] as const;
export type Phase = (typeof PHASES)[number];

export interface Operation {
  /** Its place in the step, counted from 0. */
  index: number;
  phase: Phase;
  /** "mode", "clip" and so on for what was not looked at closely. */
  what: string;
  event: LookEvent | null;
  /** As the anatomy has it. */
  op: Op | null;
  site: Site | undefined;
  sentence: string;
  /** Of a module call: how deep, and the last of the operations inside it. */
  depth: number;
  lastInside: number;
}

const KIND: Record<LookEvent["kind"], Phase> = {
  "look-batch": "batch", "look-call": "forward", "look-loss": "loss",
  "look-backward": "backward", "look-step": "step", "look-clear": "clear",
};
const BELONGS: Record<string, Phase> = {
  batch: "batch", forward: "forward", mode: "forward", loss: "loss", scale: "loss", backward: "backward", grad: "backward",
  unscale: "backward", clip: "backward", "step-scaled": "step", step: "step", update: "step", schedule: "step", clear: "clear",
};
const LOOKED: ReadonlySet<string> = new Set(PHASES);
const MOST_REPEATS = 64;

export function trainingOf(look: Look): Operation[] {
  const ops = (look.process.anatomyOf(look.step)?.blocks ?? []).flatMap((block) =>
    Array.from({ length: Math.min(block.times ?? 1, MOST_REPEATS) }, () => block.ops).flat());
  return operations(look, withoutTheClearBefore(look.training), ops);
}

export function evaluationOf(look: Look): Operation[] {
  const walk = look.process.passes.find((pass) => (pass.step ?? 0) >= look.step && pass.ops?.length);
  return operations(look, look.evaluation, walk?.ops ?? []);
}

/** A clear at the end of the loop comes first too: that of the step before. */
function withoutTheClearBefore(parts: readonly LookEvent[]): readonly LookEvent[] {
  const [first] = parts;
  const last = parts.at(-1);
  const both = parts.length > 1 && first?.kind === "look-clear" && last?.kind === "look-clear";
  return both && first.site === last.site ? parts.slice(1) : parts;
}

function operations(look: Look, parts: readonly LookEvent[], anatomy: readonly Op[]): Operation[] {
  const made: Operation[] = [];
  const site = (number: number | undefined) => look.process.sites.get(number ?? -1);
  const add = (event: LookEvent | null, op: Op | null, own: Site | undefined, sentence: string, phase: Phase) =>
    made.push({
      index: made.length, phase, what: event ? phase : (op?.op ?? phase), event, op, site: own, sentence,
      depth: event?.kind === "look-call" ? event.depth : 0, lastInside: made.length,
    });
  let at = 0;
  let forward: Site | undefined;
  for (const part of parts) {
    const phase = KIND[part.kind];
    let own: Op | null = null;
    if (part.kind !== "look-call" || part.depth === 0) {
      const found = anatomy.findIndex((op, i) => i >= at && op.op === phase);
      if (found >= 0) {
        for (const op of anatomy.slice(at, found)) {
          // train() may be called anywhere: it belongs to what comes after it.
          const belongs = op.op === "mode" ? phase : (BELONGS[op.op] ?? "step");
          if (!LOOKED.has(op.op)) add(null, op, site(op.site), strings.plainOp(op), belongs);
        }
        own = anatomy[found] ?? null;
        at = found + 1;
      }
      if (part.kind === "look-call") forward = site(own?.site);
    }
    const where = site(part.site) ?? (part.kind === "look-call" ? forward : site(own?.site));
    add(part, own, where, part.sentence || strings.noSentence(phase), phase);
  }
  for (const op of anatomy.slice(at)) {
    if (!LOOKED.has(op.op)) add(null, op, site(op.site), strings.plainOp(op), BELONGS[op.op] ?? "step");
  }
  for (const operation of made) {
    if (operation.event?.kind !== "look-call") continue;
    for (const later of made.slice(operation.index + 1)) {
      if (later.event?.kind !== "look-call" || later.depth <= operation.depth) break;
      operation.lastInside = later.index;
    }
  }
  return made;
}

/** Operations of one phase that follow each other. */
export interface Stretch {
  phase: Phase;
  operations: Operation[];
}

export function stretchesOf(all: readonly Operation[]): Stretch[] {
  const found: Stretch[] = [];
  for (const operation of all) {
    const last = found.at(-1);
    if (last?.phase === operation.phase) last.operations.push(operation);
    else found.push({ phase: operation.phase, operations: [operation] });
  }
  return found;
}
