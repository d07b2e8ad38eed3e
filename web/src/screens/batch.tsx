// The batch: one tensor N,C,H,W as pictures, each axis with its letter and length.

import { useState } from "preact/hooks";
import { Link, Missing } from "../glyphs/parts.tsx";
import { Picture, pictureShape, useBytes } from "../glyphs/pixels.tsx";
import { ShapeBox } from "../glyphs/shape.tsx";
import { Numbers } from "../glyphs/values.tsx";
import { go, numberOption, option } from "../place.ts";
import { look, run } from "../state.ts";
import { strings } from "../strings.ts";
import type { Blob, LookBatch } from "../types.ts";
import { axes, spelled } from "../worked/shapes.ts";
import { className } from "./operation.tsx";

export function BatchScreen() {
  const event = look.value?.training.find((one) => one.kind === "look-batch") as LookBatch | undefined;
  if (!event) return <Missing title={strings.batchTitle}>{strings.notInStep["batch"]}</Missing>;
  const inputs = event.tensors?.[0];
  const first = run.value?.firstBatch;
  const differs = first && event.look === 1 && first.images.hash !== event.picture?.hash;
  return (
    <div class="panel">
      <h2>{strings.batchTitle}</h2>
      {inputs && <p>{strings.batchSays(`${spelled(inputs.shape)} ${inputs.dtype}`)}</p>}
      {inputs && (
        <div class="columns">
          <ShapeBox shape={inputs.shape} />
          <ul class="legend">{axes(inputs.shape).map((letter, i) => <li key={i}><b>{letter}</b> {inputs.shape[i]} {strings.axisNames[letter] ?? ""}</li>)}</ul>
        </div>
      )}
      {event.picture
        ? <Pictures picture={event.picture} low={event.low ?? 0} high={event.high ?? 1} labels={event.labels ?? []} all={inputs?.shape[0] ?? 0} title={differs ? strings.asModel : ""} />
        : <p class="quiet">{strings.noPicture}</p>}
      {differs && <Pictures picture={first.images} low={0} high={255} labels={first.labels} all={first.batch[0] ?? 0} title={strings.asData} />}
      {(event.tensors ?? []).slice(0, 4).map((values, i) => (
        <section key={i}><h3>{strings.batchPart(event.names?.[i] ?? String(i), values)}, {strings.tensor(values)}</h3><Numbers values={values} /></section>
      ))}
    </div>
  );
}

interface PicturesProps {
  picture: Blob;
  low: number;
  high: number;
  labels: readonly number[];
  all: number;
  title: string;
}

function Pictures({ picture, low, high, labels, all, title }: PicturesProps) {
  const bytes = useBytes(picture);
  const shape = pictureShape(picture);
  const [pixel, setPixel] = useState<[number, number] | null>(null);
  if (!shape) return <p class="quiet">{strings.noPicture}</p>;
  const { n, c, h, w } = shape;
  const size = c * h * w;
  const sample = Math.min(numberOption("sample") ?? 0, n - 1);
  const channel = Math.min(numberOption("channel") ?? 0, c - 1);
  const split = option("channel") !== undefined;
  const [row, column] = pixel ?? [Math.floor(h / 2), Math.floor(w / 2)];
  const value = bytes ? low + ((high - low) * (bytes[sample * size + channel * h * w + row * w + column] ?? 0)) / 255 : null;
  const name = (i: number) => strings.choose(i, className(labels[i]));
  const move = (event: KeyboardEvent) => {
    const by = ({ ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] } as Record<string, [number, number]>)[event.key];
    if (!by) return;
    event.preventDefault();
    setPixel([Math.min(h - 1, Math.max(0, row + by[0])), Math.min(w - 1, Math.max(0, column + by[1]))]);
  };
  const point = (event: PointerEvent) => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const at = (part: number, whole: number, count: number) => Math.min(count - 1, Math.max(0, Math.floor((part / whole) * count)));
    setPixel([at(event.clientY - box.top, box.height, h), at(event.clientX - box.left, box.width, w)]);
  };
  return (
    <section>
      {title && <h3>{title}</h3>}
      {n < all && <p class="quiet">{strings.firstOf(n, all)}</p>}
      <ul class="grid">
        {Array.from({ length: n }, (_, i) => (
          <li key={i}>
            <button type="button" class={`plain tile ${i === sample ? "here" : ""}`} aria-pressed={i === sample} onClick={() => go({ set: { sample: String(i) } }, true)}>
              <Picture bytes={bytes} offset={i * size} planes={c} width={w} height={h} name={strings.picture(i, "")} />
              <span>{i}: {className(labels[i])}</span>
            </button>
          </li>
        ))}
      </ul>
      <h3>{name(sample)}</h3>
      <div class="columns">
        <div class="pixel-box" tabIndex={0} data-own-keys role="application" aria-label={`${name(sample)}. ${strings.pixelHelp}`} onKeyDown={move} onPointerMove={point} onPointerDown={point}>
          <Picture bytes={bytes} offset={sample * size + (split ? channel * h * w : 0)} planes={split ? 1 : c} width={w} height={h} name={name(sample)} class="large" />
          <span class="pixel-at" style={{ left: `${(100 * column) / w}%`, top: `${(100 * row) / h}%`, width: `${100 / w}%`, height: `${100 / h}%` }} />
        </div>
        <div>
          <p class="exact" aria-live="polite">{strings.pixel(sample, channel, row, column, strings.number(value))}</p>
          <p class="quiet">{strings.pixelHelp} {strings.pictureNote}</p>
          {c > 1 && (
            <p>{Array.from({ length: Math.min(c, 8) }, (_, i) => (
              <button type="button" aria-pressed={split && i === channel} onClick={() => go({ set: { channel: split && i === channel ? null : String(i) } }, true)} key={i}>{strings.channel(i)}</button>
            ))}</p>
          )}
          <p><Link to={{ screen: "loss", step: look.value?.step ?? null }}>{strings.more["loss"]} →</Link></p>
        </div>
      </div>
    </section>
  );
}
