// Shapes: how an axis is called, how a layer gets from one shape to the next, and wrong guesses.

import type { LookCall } from "../types.ts";

/** Letters of the axes, where the number of axes tells them: N samples, C channels, H height, W width. */
export function axes(shape: readonly number[]): string[] {
  if (shape.length === 4) return ["N", "C", "H", "W"];
  if (shape.length === 2) return ["N", "F"];
  if (shape.length === 1) return ["N"];
  return shape.map(() => "");
}

export const spelled = (shape: readonly number[]): string => shape.map((n) => (n < 0 ? "?" : String(n))).join("×");

/** Shapes that a reader might expect after a call, the right one among them, in a fixed mixed order. */
export function guesses(call: LookCall): number[][] {
  const right = call.outputs?.[0]?.shape;
  const before = call.inputs?.[0]?.shape;
  if (!right || !before) return [];
  const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  const wrong: number[][] = [
    [...before],
    [product(before)],
    [...before].reverse(),
    [before[0] ?? 1, product(before.slice(1))],
    [...right].reverse(),
    right.map((n, i) => (i === 0 ? 1 : n)),
    [...right.slice(0, -1), (right.at(-1) ?? 1) * 2],
  ];
  const key = (shape: readonly number[]) => shape.join(",");
  const chosen = [right, ...wrong].filter((shape, i, all) => all.findIndex((other) => key(other) === key(shape)) === i).slice(0, 4);
  // The right one must not always be the first: where it goes follows from the shapes alone.
  const turn = (product(right) + call.index) % chosen.length;
  return [...chosen.slice(turn), ...chosen.slice(0, turn)];
}

/** The class without the names around it. */
export const shortClass = (name: string): string => name.slice(name.lastIndexOf(".") + 1);
