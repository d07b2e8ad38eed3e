// A tensor as a shape: a box whose sides grow with the lengths of its axes, with letters and numbers.

import { axes, spelled } from "../worked/shapes.ts";

const LEAST = 6;
const MOST = 92;

/** Lengths from 1 to thousands on one scale. */
const side = (length: number): number => Math.min(MOST, LEAST + 11 * Math.log2(Math.max(1, length)));

export function ShapeBox({ shape, small }: { shape: readonly number[]; small?: boolean }) {
  const letters = axes(shape);
  const scale = small ? 0.6 : 1;
  const flat = shape.length <= 1 ? [1, ...shape] : shape.slice(-2);
  const height = side(flat[0] ?? 1) * scale;
  const width = side(flat[1] ?? 1) * scale;
  const depth = shape.length > 2 ? Math.min(5, Math.ceil(Math.log2(1 + shape.slice(0, -2).reduce((a, b) => a * Math.max(b, 1), 1)))) : 0;
  const shift = 4 * scale;
  return (
    <span class="shape">
      <svg width={width + depth * shift + 2} height={height + depth * shift + 2} aria-hidden="true" class="shape-box">
        {Array.from({ length: depth + 1 }, (_, i) => (
          <rect x={1 + (depth - i) * shift} y={1 + i * shift} width={width} height={height} key={i} />
        ))}
      </svg>
      <span class="shape-text">
        <span class="visually-hidden">{spelled(shape) || "1"}</span>
        <span aria-hidden="true" class="axes">
          {shape.length ? shape.map((length, i) => (
            <span class="axis" key={i}>
              <b>{length < 0 ? "?" : length}</b>
              <i>{letters[i]}</i>
            </span>
          )) : <span class="axis"><b>1</b><i /></span>}
        </span>
      </span>
    </span>
  );
}
