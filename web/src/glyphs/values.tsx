// A tensor in numbers: where its values lie, and how many are 0 or not finite.

import { useLayoutEffect, useRef } from "preact/hooks";
import { counted } from "./export.ts";
import { strings } from "../strings.ts";
import type { Values } from "../types.ts";
import { toNumber } from "../worked/numbers.ts";

export function Numbers({ values }: { values: Values }) {
  const low = toNumber(values.low ?? null);
  const high = toNumber(values.high ?? null);
  if (low === null || high === null) return <p class="quiet">{values.note || strings.notRecorded}</p>;
  const mean = toNumber(values.mean ?? null);
  const std = toNumber(values.std ?? null);
  return (
    <div class="numbers">
      <Range low={low} high={high} mean={mean} std={std} />
      <ul class="facts">
        <li>{strings.range(low, high)}</li>
        {mean !== null && <li>{strings.mean} {strings.number(mean)}</li>}
        {std !== null && <li>{strings.std} {strings.number(std)}</li>}
        {(values.zeros ?? 0) > 0 && <li>{strings.zeros(values.zeros)}</li>}
        {(values.non_finite ?? 0) > 0 && <li class="bad">{strings.nonFinite(values.non_finite ?? 0)}</li>}
        {(values.sampled ?? 0) > 0 && <li>{strings.sampled(values.sampled ?? 0)}</li>}
      </ul>
    </div>
  );
}

/** The line from lowest to highest, 0 marked, and mean ± std as a bar on it. */
function Range({ low, high, mean, std }: { low: number; high: number; mean: number | null; std: number | null }) {
  if (!Number.isFinite(low) || !Number.isFinite(high) || high <= low) return null;
  const [from, to] = [Math.min(low, 0), Math.max(high, 0)];
  const x = (value: number) => 4 + (192 * (value - from)) / (to - from);
  return (
    <svg class="range" viewBox="0 0 200 18" aria-hidden="true" preserveAspectRatio="none">
      <line x1={x(low)} x2={x(high)} y1="9" y2="9" class="range-line" />
      {mean !== null && std !== null && (
        <rect x={x(Math.max(low, mean - std))} width={Math.max(1, x(Math.min(high, mean + std)) - x(Math.max(low, mean - std)))} y="5" height="8" class="range-std" />
      )}
      <line x1={x(0)} x2={x(0)} y1="1" y2="17" class="range-zero" />
      {mean !== null && <line x1={x(mean)} x2={x(mean)} y1="3" y2="15" class="range-mean" />}
    </svg>
  );
}

export function Histogram({ counts, values }: { counts: readonly number[]; values: Values }) {
  return <Spread counts={counts} low={toNumber(values.low) ?? 0} high={toNumber(values.high) ?? 0} says={strings.histogramSays(values.low, values.high, values.zeros ?? 0)} />;
}

/** Counts in bins of equal width from low to high. */
export function Spread({ counts, low, high, says }: { counts: readonly number[]; low: number; high: number; says: string }) {
  const drawing = useRef<SVGSVGElement>(null);
  const most = Math.max(1, ...counts);
  const middle = (counts.length * 5) / 2;
  useLayoutEffect(() => {
    const edge = (i: number) => low + ((high - low) * i) / counts.length;
    if (drawing.current) counted.set(drawing.current, [strings.bins, ...counts.map((count, i) => [edge(i), edge(i + 1), count])]);
  });
  return (
    <figure class="histogram">
      <svg viewBox={`0 0 ${counts.length * 5} 50`} role="img" aria-label={says} preserveAspectRatio="none" ref={drawing}>
        {low === -high && <line x1={middle} x2={middle} y1="0" y2="50" class="range-zero" />}
        {counts.map((count, i) => <rect x={i * 5} width="4" y={50 - (48 * Math.max(0, count)) / most} height={(48 * Math.max(0, count)) / most} key={i} />)}
      </svg>
      <figcaption>{says}</figcaption>
    </figure>
  );
}
