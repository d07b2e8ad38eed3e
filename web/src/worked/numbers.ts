// Numbers of a record: "nan" and "inf" are text there, null where there is none.

export type Recorded = number | string | null | undefined;

export function toNumber(value: Recorded): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return value;
  if (value === "nan") return Number.NaN;
  if (value === "inf") return Number.POSITIVE_INFINITY;
  if (value === "-inf") return Number.NEGATIVE_INFINITY;
  return null;
}

/**
 * Whether two numbers are the same but for rounding.
 *
 * What PyTorch computes in float32 is rounded at every operation, here only once at the end.
 * `scale` is the size of what was added up: a small difference of large numbers keeps their error.
 */
export function agrees(mine: number, theirs: number, scale = 0): boolean {
  if (Number.isNaN(mine) || Number.isNaN(theirs)) return Number.isNaN(mine) && Number.isNaN(theirs);
  if (!Number.isFinite(mine) || !Number.isFinite(theirs)) return mine === theirs;
  const size = Math.max(Math.abs(mine), Math.abs(theirs), scale);
  return Math.abs(mine - theirs) <= TOLERANCE * size + 1e-12;
}

/** About 40 roundings of float32 (6e-8 each). */
const TOLERANCE = 2.4e-6;
