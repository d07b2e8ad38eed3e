// One number of a layer's output, added up from what it was made of.

import type { Worked } from "../types.ts";
import { toNumber } from "./numbers.ts";

export interface LayerWork {
  products: number[];
  bias: number | null;
  rest: number;
  sum: number;
  /** What was added up, without signs: how large rounding errors may be. */
  scale: number;
}

export function workLayer(worked: Worked): LayerWork {
  const products = (worked.terms ?? []).map((term) => (toNumber(term.input) ?? Number.NaN) * (toNumber(term.weight) ?? Number.NaN));
  const bias = toNumber(worked.bias ?? null);
  const rest = toNumber(worked.rest ?? 0) ?? 0;
  const sum = products.reduce((a, b) => a + b, (bias ?? 0) + rest);
  const scale = products.reduce((a, b) => a + Math.abs(b), Math.abs(bias ?? 0) + Math.abs(rest));
  return { products, bias, rest, sum, scale };
}
