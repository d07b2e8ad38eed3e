// The keyboard: the same keys on every screen, as long as nobody is writing or choosing.

import { go, place } from "./place.ts";
import { stretchesOf } from "./record/operations.ts";
import { findings, look, looked, operations, opIndex, predicting, toOp, toStep } from "./state.ts";

const OWN_KEYS = new Set(["INPUT", "SELECT", "TEXTAREA", "SUMMARY"]);

export function listen(help: () => void): void {
  addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement | null;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target?.closest("[data-own-keys]") || document.querySelector("dialog[open]")) return;
    const arrows = event.key.startsWith("Arrow") || event.key === "Home" || event.key === "End";
    if (target && OWN_KEYS.has(target.tagName) && (arrows || target.tagName === "INPUT" && event.key.length === 1)) return;
    if (act(event.key, event.shiftKey, help)) event.preventDefault();
  });
}

function act(key: string, shift: boolean, help: () => void): boolean {
  switch (key) {
    case "ArrowRight": return walk(shift, 1);
    case "ArrowLeft": return walk(shift, -1);
    case "PageDown": return otherStep(1);
    case "PageUp": return otherStep(-1);
    case "Home": return onStep(() => toOp(0));
    case "End": return onStep(() => toOp(operations.value.length - 1));
    case "f": case "F": return nextFinding();
    case "p": case "P": go({ set: { predict: predicting.value ? null : "1" } }, true); return true;
    case "?": help(); return true;
    default: return false;
  }
}

function onStep(then: () => void): boolean {
  if (place.value.screen !== "step") return false;
  then();
  return true;
}

/** Operations by one, or to the beginning of the phase before or after. */
function walk(byPhase: boolean, by: 1 | -1): boolean {
  return onStep(() => {
    if (!byPhase) {
      toOp(opIndex.value + by);
      return;
    }
    const starts = stretchesOf(operations.value).map((stretch) => stretch.operations[0]?.index ?? 0);
    const next = by > 0 ? starts.find((start) => start > opIndex.value) : starts.findLast((start) => start < opIndex.value);
    toOp(next ?? (by > 0 ? operations.value.length - 1 : 0));
  });
}

export function otherStep(by: 1 | -1): boolean {
  const here = look.value?.step;
  const at = here === undefined ? -1 : looked.value.indexOf(here);
  const next = looked.value[at + by];
  if (next !== undefined) toStep(next);
  return true;
}

function nextFinding(): boolean {
  const count = findings.value.length;
  if (!count) return true;
  const now = Number(place.value.options.get("finding") ?? -1);
  go({ screen: "findings", set: { finding: String(place.value.screen === "findings" ? (now + 1) % count : 0) } });
  return true;
}
