// A card for each module call: shape in -> rule -> shape out, and one number of it worked out.

import { Compared, Missing, Table } from "../glyphs/parts.tsx";
import { Picture, useBytes } from "../glyphs/pixels.tsx";
import { ShapeBox } from "../glyphs/shape.tsx";
import { Histogram, Numbers } from "../glyphs/values.tsx";
import { go } from "../place.ts";
import { operations, opIndex } from "../state.ts";
import { strings } from "../strings.ts";
import type { LookCall, Worked } from "../types.ts";
import { workLayer } from "../worked/layer.ts";
import { show } from "../worked/update.ts";
import { toNumber } from "../worked/numbers.ts";
import { shortClass } from "../worked/shapes.ts";
import { place } from "../place.ts";

export function LayersScreen() {
  const calls = operations.value.filter((operation) => operation.event?.kind === "look-call");
  if (!calls.length) return <Missing title={strings.layersTitle}>{strings.notInStep["layers"]}</Missing>;
  const leaves = calls.filter((operation) => operation.lastInside === operation.index);
  const parameters = leaves.reduce((sum, operation) => sum + ((operation.event as LookCall).parameters ?? 0), 0);
  const open = place.value.op === null ? undefined : calls.find((operation) => operation.index === opIndex.value);
  return (
    <div>
      <div class="panel"><h2>{strings.layersTitle}</h2><p>{strings.layersSays(calls.length, parameters)}</p></div>
      <ol class="cards">
        {calls.map((operation) => {
          const event = operation.event as LookCall;
          return <Card event={event} inside={operation.lastInside - operation.index} open={operation === open} onOpen={() => go({ op: operation.index }, true)} key={operation.index} />;
        })}
      </ol>
    </div>
  );
}

interface CardProps {
  event: LookCall;
  inside: number;
  open: boolean;
  onOpen: () => void;
}

function Card({ event, inside, open, onOpen }: CardProps) {
  const name = shortClass(event.class_name);
  const [before, after] = [event.inputs?.[0], event.outputs?.[0]];
  const rule = strings.rules[name];
  return (
    <li class={`panel card ${open ? "here" : ""} depth-${Math.min(event.depth, 4)}`}>
      <div class="card-head">
        <h3 class="exact">{event.module ? `${event.module}: ` : ""}{name}</h3>
        <span class="quiet">{inside ? strings.contains(inside) : strings.parameters(event.parameters ?? 0)}</span>
      </div>
      <div class="card-flow">
        {before && <ShapeBox shape={before.shape} small />}
        <span class="card-rule">{rule && before && after && <>{rule(before.shape, after.shape)}<br /></>}<span aria-hidden="true">⟶</span></span>
        {after && <ShapeBox shape={after.shape} small />}
      </div>
      <Maps event={event} />
      {after && !inside && <details open={open}><summary>{strings.statistics}</summary>{event.histogram?.length ? <Histogram counts={event.histogram} values={after} /> : null}<Numbers values={after} /></details>}
      {event.worked && <details open={open} onToggle={(toggled) => toggled.currentTarget.open && !open && onOpen()}><summary>{strings.oneNumber}</summary><WorkedOut worked={event.worked} /></details>}
    </li>
  );
}

/** What the layer gave for sample 0: maps of a picture's channels, or a strip of a vector's values. */
function Maps({ event }: { event: LookCall }) {
  const bytes = useBytes(event.maps);
  const [k, h, w] = event.maps?.shape ?? [];
  if (!event.maps || !k || !h || !w || k * h * w > 2 ** 20) return null;
  const strip = h === 1;
  const says = strip ? strings.vector(w) : strings.maps(k);
  return (
    <figure class="maps">
      <div class={strip ? "strip-box" : "map-strip"}>
        {Array.from({ length: Math.min(k, 8) }, (_, i) => (
          <Picture bytes={bytes} offset={i * h * w} planes={1} width={w} height={h} name={`${says}, ${i}`} class={strip ? "strip" : "map"} key={i} />
        ))}
      </div>
      <figcaption>{says}, {strings.range(event.maps_low ?? 0, event.maps_high ?? 1)}. {strings.pictureNote}</figcaption>
    </figure>
  );
}

export function WorkedOut({ worked }: { worked: Worked }) {
  const work = workLayer(worked);
  const terms = worked.terms ?? [];
  const exact = (value: number | string) => show(toNumber(value) ?? Number.NaN);
  const product = (a: number | string, b: number | string) => `${exact(a)} × ${(toNumber(b) ?? 0) < 0 ? `(${exact(b)})` : exact(b)}`;
  const rows = terms.map((term, i) => [`[${term.input_at.join(", ")}]`, product(term.input, term.weight), exact(work.products[i] ?? Number.NaN)]);
  return (
    <div class="worked">
      <p class="exact">{strings.output(worked.at)} = {strings.number(worked.value)}</p>
      {(worked.others ?? 0) > 0 && <p class="quiet">{strings.largestTerms(terms.length)}</p>}
      <Table
        caption={strings.oneNumber}
        hidden
        head={[strings.inputAt, strings.inputTimesWeight, strings.product]}
        rows={[
          ...rows,
          ...((worked.others ?? 0) > 0 ? [[strings.others(worked.others ?? 0), "", exact(worked.rest ?? 0)]] : []),
          ...(work.bias !== null ? [[strings.bias, "", show(work.bias)]] : []),
          [strings.sum, "", show(work.sum)],
        ]}
      />
      <Compared theirs={worked.value} mine={work.sum} scale={work.scale} />
    </div>
  );
}
