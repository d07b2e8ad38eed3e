// Where the reader is. The fragment of the address is the only state: "#/step/12/op/7?sample=3".

import { signal } from "@preact/signals";

export const SCREENS = [
  "step", "batch", "layers", "loss", "backward", "optimizer", "modes",
  "curves", "results", "findings", "lessons", "data", "compare",
] as const;
export type Screen = (typeof SCREENS)[number];

/** step and op are null where the address does not say. */
export interface Place {
  screen: Screen;
  step: number | null;
  op: number | null;
  options: Map<string, string>;
}

export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const parts = path.split("/").filter(Boolean);
  const options = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(query)) options.set(key, value);
  const screen = SCREENS.find((name) => name === parts[0]) ?? "step";
  const inPath = screen === "step";
  return {
    screen,
    step: count(inPath ? parts[1] : options.get("step")),
    op: inPath && parts[2] === "op" ? count(parts[3]) : count(options.get("op")),
    options,
  };
}

export function hashOf(place: Place): string {
  const options = new Map(place.options);
  options.delete("step");
  options.delete("op");
  let path = `#/${place.screen}`;
  if (place.screen === "step") {
    path = place.step === null ? "#/" : `#/step/${place.step}`;
    if (place.step !== null && place.op !== null) path += `/op/${place.op}`;
  } else {
    if (place.step !== null) options.set("step", String(place.step));
    if (place.op !== null) options.set("op", String(place.op));
  }
  if (!options.size) return path;
  const query = new URLSearchParams([...options]).toString();
  return query ? `${path}?${query}` : path;
}

function count(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

export const place = signal<Place>(placeOf(""));

/** Whether the address can be written; a sandboxed frame has none of its own. */
let written = true;

/** In a sandboxed frame, which may not hand files to anyone either. */
export const framed = (): boolean => !written;

export function follow(begin: string | undefined): void {
  written = begin === undefined;
  place.value = placeOf(begin ?? location.hash);
  if (!written) return;
  addEventListener("pagehide", write);
  addEventListener("hashchange", () => {
    if (hashOf(place.value) !== location.hash) place.value = placeOf(location.hash);
  });
}

/** Go somewhere; what is not named stays. A walk through operations leaves no trail in the history. */
export function go(to: Partial<Omit<Place, "options">> & { set?: Record<string, string | null> }, replace = false): void {
  const { set, ...rest } = to;
  const options = new Map(place.value.options);
  for (const [key, value] of Object.entries(set ?? {})) {
    if (value === null) options.delete(key);
    else options.set(key, value);
  }
  place.value = { ...place.value, ...rest, options };
  if (!written) return;
  if (!waiting) afterPaint(write);
  waiting = waiting === "push" || !replace ? "push" : "replace";
}

/** How the address is about to be written: writing it takes longer than what is drawn of it. */
let waiting: "push" | "replace" | "" = "";

function write(): void {
  const how = waiting;
  waiting = "";
  const hash = hashOf(place.value);
  if (hash === location.hash) return;
  if (how === "push") history.pushState(null, "", hash);
  else if (how) history.replaceState(null, "", hash);
}

/** In a tab that nobody sees nothing is painted. */
function afterPaint(then: () => void): void {
  if (document.hidden) then();
  else requestAnimationFrame(() => setTimeout(then));
}

export function linkTo(to: Partial<Omit<Place, "options">> & { set?: Record<string, string> }): string {
  const { set, ...rest } = to;
  const options = new Map(place.value.options);
  for (const [key, value] of Object.entries(set ?? {})) options.set(key, value);
  return hashOf({ ...place.value, ...rest, options });
}

export const option = (name: string): string | undefined => place.value.options.get(name);
export const numberOption = (name: string): number | null => count(place.value.options.get(name));
