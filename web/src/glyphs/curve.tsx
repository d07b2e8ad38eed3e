// A number by step, drawn in SVG: it follows the theme and forced colours by itself, needs no style
// attributes, and is a table too. Lowest and highest of a bucket are a band around its mean.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { drawn } from "./export.ts";
import { strings } from "../strings.ts";
import { Table } from "./parts.tsx";

/** Steps `first` to `first + count - 1`. */
export interface Bucket {
  first: number;
  count: number;
  low: number;
  mean: number;
  high: number;
}

export interface Line {
  name: string;
  buckets: readonly Bucket[];
}

/** Before the chart knows how much room it has. */
const WIDTH = 720;
const WIDEST = 960;
const HEIGHT = 260;
const LEFT = 64;
const BOTTOM = 34;
const RIGHT = 12;
const TOP = 10;
const MOST_ROWS = 60;

export const points = (values: readonly (readonly [number, number])[]): Bucket[] =>
  values.map(([first, mean]) => ({ first, count: 1, low: mean, mean, high: mean }));

/** rows: f8[n,5] as a record keeps a curve. */
export function buckets(rows: Float64Array | Float32Array): Bucket[] {
  const found: Bucket[] = [];
  for (let i = 0; i + 4 < rows.length; i += 5) {
    found.push({ first: rows[i] ?? 0, count: rows[i + 1] ?? 0, low: rows[i + 2] ?? 0, mean: rows[i + 3] ?? 0, high: rows[i + 4] ?? 0 });
  }
  return found;
}

interface ChartProps {
  title: string;
  lines: readonly Line[];
  marks?: readonly number[];
  onMark?: (step: number) => void;
  logarithmic?: boolean;
  unit?: string;
}

export function Chart({ title, lines, marks = [], onMark, logarithmic }: ChartProps) {
  const shown = lines.filter((line) => line.buckets.length);
  const [at, setAt] = useState<number | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  const [width, setWidth] = useState(WIDTH);
  // Text keeps its size: the drawing is made as wide as there is room, not scaled.
  useLayoutEffect(() => {
    const element = svg.current?.parentElement;
    if (!element) return undefined;
    const fit = () => setWidth(Math.max(220, Math.min(WIDEST, Math.floor(element.clientWidth))));
    fit();
    const observer = new ResizeObserver(fit);
    observer.observe(element);
    return () => observer.disconnect();
  }, [shown.length > 0]);
  useLayoutEffect(() => {
    if (svg.current) drawn.set(svg.current, shown);
  });
  const all = shown.flatMap((line) => line.buckets);
  const finite = all.flatMap((bucket) => [bucket.low, bucket.mean, bucket.high]).filter((value) => Number.isFinite(value) && (!logarithmic || value > 0));
  if (!all.length) return null;
  const middle = (bucket: Bucket) => bucket.first + (bucket.count - 1) / 2;
  const [from, to] = [Math.min(...all.map((b) => b.first)), Math.max(...all.map((b) => b.first + b.count - 1))];
  const scale = (value: number) => (logarithmic ? Math.log10(value) : value);
  const ticks = (logarithmic ? decades : axis)(finite.length ? Math.min(...finite.map(scale)) : 0, finite.length ? Math.max(...finite.map(scale)) : 1);
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const x = (step: number) => LEFT + ((width - LEFT - RIGHT) * (step - from)) / Math.max(1, to - from);
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (scale(value) - low) / (high - low || 1));
  const longest = longestOf(shown);
  const chosen = at === null ? null : nearest(longest.buckets, at);
  const pointed = (event: PointerEvent) => {
    const box = svg.current?.getBoundingClientRect();
    if (box) setAt(from + ((((event.clientX - box.left) / box.width) * width - LEFT) / (width - LEFT - RIGHT)) * (to - from));
  };
  const pressed = (event: KeyboardEvent) => {
    const by = ({ ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity } as Record<string, number>)[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const index = chosen ? longest.buckets.indexOf(chosen) : -1;
    const next = longest.buckets[Math.min(longest.buckets.length - 1, Math.max(0, index + by))];
    if (next) setAt(middle(next));
  };
  return (
    <figure class="chart">
      <figcaption>
        <b>{title}</b>
        {shown.map((line, i) => <span class={`key line-${i % 6}`} key={line.name}><svg width="26" height="8" aria-hidden="true"><line x1="0" x2="26" y1="4" y2="4" /></svg> {line.name}</span>)}
      </figcaption>
      <p>{shown.length > 2 ? together(shown) : shown.map((line) => sentence(line)).join(" ")}</p>
      <svg ref={svg} viewBox={`0 0 ${width} ${HEIGHT}`} width={width} height={HEIGHT} class="curve" role="img" aria-label={`${title}. ${strings.chartKeys}`} tabindex={0} data-own-keys onPointerMove={pointed} onPointerLeave={() => setAt(null)} onKeyDown={pressed}>
        {ticks.map((tick) => {
          const value = logarithmic ? 10 ** tick : tick;
          return (
            <g class="tick-line" key={tick}>
              <line x1={LEFT} x2={width - RIGHT} y1={y(value)} y2={y(value)} />
              <text x={LEFT - 8} y={y(value) + 4} text-anchor="end">{strings.number(Number(value.toPrecision(4)))}</text>
            </g>
          );
        })}
        {stepTicks(from, to, width).map((step) => <text class="tick-text" x={x(step)} y={HEIGHT - 6} text-anchor="middle" key={step}>{strings.grouped(step)}</text>)}
        {shown.map((line, i) => (
          <g class={`line-${i % 6}`} key={line.name}>
            {shown.length === 1 && line.buckets.some((bucket) => bucket.count > 1) && <path class="band" d={band(line.buckets, (b) => x(middle(b)), y, logarithmic)} />}
            <path class="mean" d={path(line.buckets, (b) => x(middle(b)), y, logarithmic)} />
            {line.buckets.length <= 30 && line.buckets.filter((bucket) => plottable(bucket.mean, logarithmic)).map((bucket) => <circle cx={x(middle(bucket))} cy={y(bucket.mean)} r="3" key={bucket.first} />)}
          </g>
        ))}
        {onMark && marks.filter((step) => step >= from && step <= to).map((step) => (
          <line class="look-mark" x1={x(step)} x2={x(step)} y1={HEIGHT - BOTTOM} y2={HEIGHT - BOTTOM + 10} onClick={() => onMark(step)} key={step}><title>{strings.at(step, null).split(":")[0]}</title></line>
        ))}
        {chosen && <line class="cursor" x1={x(middle(chosen))} x2={x(middle(chosen))} y1={TOP} y2={HEIGHT - BOTTOM} />}
      </svg>
      <p class="exact readout" aria-live="polite">{chosen ? shown.map((line) => told(line, chosen, shown.length > 1)).join(" · ") : " "}</p>
      {onMark && marks.length > 0 && (
        <details><summary>{strings.marks}</summary><p class="mark-list">{marks.slice(0, 64).map((step) => <button type="button" onClick={() => onMark(step)} key={step}>{strings.grouped(step)}</button>)}</p></details>
      )}
      <AsTable title={title} lines={shown} />
    </figure>
  );
}

function AsTable({ title, lines }: { title: string; lines: readonly Line[] }) {
  const [open, setOpen] = useState(false);
  if (!lines.length) return null;
  const all = longestOf(lines).buckets;
  const every = Math.max(1, Math.ceil(all.length / MOST_ROWS));
  const kept = all.filter((_, i) => i % every === 0 || i === all.length - 1);
  const bands = lines.length === 1 && kept.some((bucket) => bucket.count > 1);
  const steps = (bucket: Bucket) => (bucket.count > 1 ? `${strings.grouped(bucket.first)}–${strings.grouped(bucket.first + bucket.count - 1)}` : strings.grouped(bucket.first));
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title} {strings.asTable}</summary>
      {open && (
        <>
          {every > 1 && <p class="quiet">{strings.everyNth(every)}</p>}
          <Table
            caption={title}
            hidden
            head={[strings.step, ...(bands ? [strings.lowest, strings.mean2, strings.highest] : lines.map((line) => line.name))]}
            rows={kept.map((bucket) => [
              steps(bucket),
              ...(bands ? [bucket.low, bucket.mean, bucket.high].map((value) => strings.number(value))
                : lines.map((line) => valueAt(line, bucket.first))),
            ])}
          />
        </>
      )}
    </details>
  );
}

/** The one that goes furthest: lines of two runs need not be equally long. */
const longestOf = (lines: readonly Line[]): Line =>
  lines.reduce((a, b) => ((b.buckets.at(-1)?.first ?? 0) > (a.buckets.at(-1)?.first ?? 0) ? b : a), lines[0] as Line);

function valueAt({ buckets: all }: Line, step: number): string {
  const there = all.find((bucket) => bucket.first <= step && step < bucket.first + bucket.count);
  return there ? strings.number(there.mean) : strings.absent;
}

function sentence({ name, buckets: all }: Line): string {
  const [first, last] = [all[0], all.at(-1)];
  const finite = all.filter((bucket) => Number.isFinite(bucket.mean));
  const bad = all.find((bucket) => ![bucket.low, bucket.mean, bucket.high].every(Number.isFinite));
  const says = strings.curveSays(name, first?.mean ?? null, last?.mean ?? null, finite.length ? Math.min(...finite.map((b) => b.low)) : null, finite.length ? Math.max(...finite.map((b) => b.high)) : null);
  return bad ? `${says} ${strings.curveBad(bad.first)}` : says;
}

/** Of many lines only how they end, and which of them are not finite. */
function together(lines: readonly Line[]): string {
  const last = lines.map((line) => ({ name: line.name, value: line.buckets.at(-1)?.mean ?? Number.NaN }));
  const finite = last.filter(({ value }) => Number.isFinite(value)).sort((a, b) => a.value - b.value);
  const [low, high] = [finite[0], finite.at(-1)];
  const bad = lines.flatMap((line) => line.buckets.filter((bucket) => !Number.isFinite(bucket.mean)).map((bucket) => bucket.first));
  return `${low && high ? strings.linesSay(high.name, high.value, low.name, low.value) : ""} ${bad.length ? strings.curveBad(Math.min(...bad)) : ""}`.trim();
}

function told(line: Line, chosen: Bucket, named: boolean): string {
  const here = nearest(line.buckets, chosen.first);
  if (!here) return "";
  return `${named ? `${line.name}, ` : ""}${strings.bucket(here.first, here.first + here.count - 1, here.mean, here.low, here.high)}`;
}

function nearest(all: readonly Bucket[], step: number): Bucket | null {
  const distance = (bucket: Bucket) => Math.max(bucket.first - step, step - (bucket.first + bucket.count - 1), 0);
  return all.reduce<Bucket | null>((best, bucket) => (best === null || distance(bucket) < distance(best) ? bucket : best), null);
}

const plottable = (value: number, logarithmic: boolean | undefined) => Number.isFinite(value) && (!logarithmic || value > 0);
const at2 = (value: number) => value.toFixed(1);

/** Where a value is not finite the line breaks. */
function path(all: readonly Bucket[], x: (b: Bucket) => number, y: (value: number) => number, logarithmic: boolean | undefined): string {
  let pen = "M";
  const parts: string[] = [];
  for (const bucket of all) {
    if (!plottable(bucket.mean, logarithmic)) {
      pen = "M";
      continue;
    }
    parts.push(`${pen}${at2(x(bucket))} ${at2(y(bucket.mean))}`);
    pen = "L";
  }
  return parts.join("");
}

function band(all: readonly Bucket[], x: (b: Bucket) => number, y: (value: number) => number, logarithmic: boolean | undefined): string {
  const fit = all.filter((bucket) => plottable(bucket.low, logarithmic) && plottable(bucket.high, logarithmic));
  const there = fit.map((bucket) => `${at2(x(bucket))} ${at2(y(bucket.high))}`);
  const back = [...fit].reverse().map((bucket) => `${at2(x(bucket))} ${at2(y(bucket.low))}`);
  return fit.length ? `M${[...there, ...back].join("L")}Z` : "";
}

/** Round numbers from just below the lowest to just above the highest. */
export function axis(low: number, high: number): number[] {
  if (!(high > low)) [low, high] = [low - 0.5 * (Math.abs(low) || 1), high + 0.5 * (Math.abs(high) || 1)];
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const width = ([1, 2, 2.5, 5, 10].find((n) => n * power >= rough) ?? 10) * power;
  const first = Math.floor(low / width + 1e-9);
  const last = Math.ceil(high / width - 1e-9);
  return Array.from({ length: Math.min(12, last - first + 1) }, (_, i) => Number(((first + i) * width).toPrecision(12)));
}

/** Logarithms of round numbers: powers of ten, or 1, 2 and 5 times them where there are few. */
export function decades(low: number, high: number): number[] {
  const [first, last] = [Math.floor(low + 1e-9), Math.max(Math.ceil(high - 1e-9), Math.floor(low + 1e-9) + 1)];
  if (last - first > 2) {
    const width = Math.ceil((last - first) / 5);
    return Array.from({ length: Math.ceil((last - first) / width) + 1 }, (_, i) => first + i * width);
  }
  const all = Array.from({ length: last - first }, (_, i) => [1, 2, 5].map((n) => first + i + Math.log10(n))).flat().concat(last);
  const begin = all.findLastIndex((tick) => tick <= low + 1e-9);
  const end = all.findIndex((tick) => tick >= high - 1e-9);
  return all.slice(Math.max(0, begin), Math.max(begin + 2, end + 1));
}

function stepTicks(from: number, to: number, width: number): number[] {
  if (to <= from) return [from];
  const inside = axis(from, to).filter((step) => Number.isInteger(step) && step > from && step < to);
  const apart = 55 / width;
  const fit = width < 400 ? inside.filter((_, i) => i % 2 === 1) : inside;
  return [from, ...fit.filter((step) => (step - from) / (to - from) > apart && (to - step) / (to - from) > apart), to];
}
