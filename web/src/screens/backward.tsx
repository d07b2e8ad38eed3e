// Backward: the first link worked out, then every parameter with its gradient.

import { useState } from "preact/hooks";
import { Compared, Link, Missing, Table } from "../glyphs/parts.tsx";
import { Spread } from "../glyphs/values.tsx";
import { go, numberOption } from "../place.ts";
import { look, operation, operations } from "../state.ts";
import { strings } from "../strings.ts";
import type { LookBackward, LookLoss, Row } from "../types.ts";
import { agrees, toNumber } from "../worked/numbers.ts";
import { firstLink, workLoss } from "../worked/loss.ts";
import { byOutput, workOutputs } from "../worked/outputs.ts";
import { show } from "../worked/update.ts";
import { smoothingOf, targetOf } from "./loss.tsx";
import { Bar, className } from "./operation.tsx";
import { outputName, outputsOf } from "./outputs.tsx";

const FIRST_SPREADS = 12;

export function BackwardScreen() {
  const chosen = operation.value?.event?.kind === "look-backward" ? operation.value : operations.value.find((one) => one.event?.kind === "look-backward");
  const event = chosen?.event as LookBackward | undefined;
  if (!chosen || !event) return <Missing title={strings.backwardTitle}>{strings.notInStep["backward"]}</Missing>;
  const before = operations.value.slice(0, chosen.index).findLast((one) => one.event?.kind === "look-loss")?.event as LookLoss | undefined;
  return (
    <div class="spread">
      <div class="panel">
        <h2>{strings.backwardTitle}</h2>
        <p class="sentence">{event.sentence}</p>
        <p class="quiet">{strings.backwardSays(event.nodes ?? 0)} {event.came_from?.length ? strings.came(event.came_from.slice(0, 4)) : ""} {strings.beforeIt(strings.gradientCounts(event.before ?? {}))}</p>
      </div>
      {before && <First event={event} loss={before} />}
      <Gradients event={event} />
      <Spreads event={event} />
    </div>
  );
}

function First({ event, loss }: { event: LookBackward; loss: LookLoss }) {
  const called = look.value?.process.losses.get(loss.loss);
  const rows = (loss.rows ?? []).filter((row) => row.scores.length);
  const row = rows.find((one) => one.sample === (numberOption("sample") ?? 0)) ?? rows[0];
  const reduction = called?.reduction || "mean";
  const smoothing = smoothingOf(called);
  if (!row || smoothing === null || (reduction !== "mean" && reduction !== "sum")) return null;
  const count = outputsOf(loss);
  const samples = loss.input?.shape[0] ?? rows.length;
  if (byOutput(loss.function)) {
    const n = reduction === "sum" ? 1 : samples * count;
    const work = workOutputs(loss.function, row.scores, row.targets ?? [], count);
    if (!work) return null;
    const says = strings.firstLinkBy(strings.firstLinkOf[loss.function] ?? "", n);
    const shares = work.outputs.some((output) => output.probability !== null);
    const cells = work.outputs.map((output, i) => [outputName(row, i, count), shares ? strings.number(output.probability) : show(output.value), show(output.target)]);
    return <Worked event={event} rows={rows} row={row} n={n} says={says} head={[strings.columns.output, shares ? strings.columns.sigmoid : (strings.takes[loss.function] ?? ""), strings.columns.target]} cells={cells} mine={work.outputs.map((output) => output.slope / n)} />;
  }
  if (loss.function !== "cross_entropy" || (smoothing > 0 && row.rest != null)) return null;
  const n = reduction === "sum" ? 1 : samples;
  const work = workLoss(row.scores, targetOf(row), row.rest ?? null, smoothing);
  const cells = work.probabilities.map((share, i) => [`${className(row.classes?.length ? row.classes[i] : i)}${i === work.target ? ` (${strings.label})` : ""}`, strings.number(share)]);
  return <Worked event={event} rows={rows} row={row} n={n} says={strings.firstLinkSays(n, smoothing, work.probabilities.length)} head={[strings.columns.class, strings.columns.probability]} cells={cells} mine={firstLink(work, n)} />;
}

interface WorkedProps {
  event: LookBackward;
  rows: Row[];
  row: Row;
  /** What the loss divides by. */
  n: number;
  says: string;
  /** Of each score: its name, and what its gradient follows from. */
  head: string[];
  cells: string[][];
  mine: number[];
}

function Worked({ event, rows, row, n, says, head, cells, mine }: WorkedProps) {
  const theirs = event.first?.find((link) => link.sample === row.sample);
  const said = mine.map((_, i) => {
    const id = row.classes?.length ? row.classes[i] : i;
    const place = theirs?.classes?.length ? theirs.classes.indexOf(id ?? -1) : (id ?? -1);
    return theirs ? toNumber(theirs.values[place]) : null;
  });
  const worst = mine.reduce((found, value, i) => (said[i] != null && Math.abs(value - (said[i] ?? 0)) > Math.abs((mine[found] ?? 0) - (said[found] ?? 0)) ? i : found), 0);
  return (
    <div class="panel">
      <h2>{strings.firstLink}</h2>
      <p>{says}</p>
      <label>{strings.sample} <select value={row.sample} onChange={(change) => go({ set: { sample: change.currentTarget.value } }, true)}>
        {rows.map((one) => <option value={one.sample} key={one.sample}>{strings.choose(one.sample, className(one.label))}</option>)}
      </select></label>
      <Table
        caption={strings.scoreGradient}
        head={[...head, strings.pageSays, ...(theirs ? [strings.pytorch, ""] : [])]}
        rows={mine.map((value, i) => [
          ...(cells[i] ?? []),
          show(Number(value.toPrecision(6))),
          ...(theirs ? [said[i] == null ? strings.notRecorded : show(said[i] ?? Number.NaN), said[i] == null ? "" : agrees(value, said[i] ?? Number.NaN, 1 / n) ? "✓" : "≠"] : []),
        ])}
      />
      {theirs && <Compared theirs={said[worst]} mine={mine[worst] ?? null} scale={1 / n} />}
    </div>
  );
}

/** How the values of each gradient spread around 0. */
function Spreads({ event }: { event: LookBackward }) {
  const [whole, setWhole] = useState(false);
  const drawn = (event.gradients ?? []).filter((gradient) => gradient.histogram?.length);
  if (!drawn.length) return null;
  return (
    <div class="panel wide">
      <h2>{strings.spreads}</h2>
      <p class="quiet">{strings.spreadsSay}</p>
      <ul class="spreads">
        {(whole ? drawn : drawn.slice(0, FIRST_SPREADS)).map((gradient) => (
          <li key={`${gradient.model} ${gradient.name}`}>
            <Spread counts={gradient.histogram ?? []} low={-(toNumber(gradient.largest ?? 0) ?? 0)} high={toNumber(gradient.largest ?? 0) ?? 0} says={strings.spreadOf(gradient.name, gradient.largest ?? 0, gradient.zeros ?? 0)} />
          </li>
        ))}
      </ul>
      {!whole && drawn.length > FIRST_SPREADS && <button type="button" onClick={() => setWhole(true)}>{strings.showAll} ({drawn.length})</button>}
    </div>
  );
}

/** The way to the call of the layer that a parameter belongs to. */
function ToForward({ name, model }: { name: string; model: number }) {
  const layer = name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "";
  const call = operations.value.find(({ event }) => event?.kind === "look-call" && event.model === model && event.module === layer);
  return call ? <Link to={{ screen: "step", step: look.value?.step ?? null, op: call.index }}><code>{name}</code></Link> : <code>{name}</code>;
}

function Gradients({ event }: { event: LookBackward }) {
  const gradients = event.gradients ?? [];
  const norms = gradients.map((gradient) => toNumber(gradient.norm ?? 0) ?? 0);
  const most = Math.max(0, ...norms.filter(Number.isFinite));
  const first = gradients[norms.indexOf(most)];
  const models = look.value?.process.models;
  const shapeOf = (model: number, name: string) => models?.get(model)?.parameters?.find((parameter) => parameter.name === name);
  const frozen = [...(models?.values() ?? [])].flatMap((model) => (model.parameters ?? []).filter((parameter) => parameter.trainable === false).map((parameter) => parameter.name));
  return (
    <div class="panel wide">
      <h2>{strings.gradientNorms}</h2>
      {first && most > 0 && <p>{strings.gradientSays(first.name, most)}</p>}
      <Table
        caption={strings.gradientNorms}
        hidden
        head={[strings.parameter, strings.shape, strings.state, strings.norm, "", strings.largest, strings.shareOfZeros]}
        rows={gradients.map((gradient, i) => [
          <ToForward name={gradient.name} model={gradient.model} key="name" />,
          shapeOf(gradient.model, gradient.name)?.shape.join("×") ?? "",
          strings.stateNames[gradient.state ?? "value"] ?? gradient.state,
          strings.number(gradient.norm ?? 0),
          <Bar share={most ? (norms[i] ?? 0) / most : 0} key="bar" />,
          strings.number(gradient.largest ?? 0),
          (gradient.non_finite ?? 0) > 0 ? <span class="bad" key="bad">{strings.nonFinite(gradient.non_finite ?? 0)}</span> : strings.percent(gradient.zeros ?? 0),
        ])}
      />
      {(event.unreached?.length ?? 0) > 0 && <p class="bad">{strings.unreached}: {event.unreached?.join(", ")}</p>}
      {frozen.length > 0 && <p class="quiet">{strings.frozen}: {frozen.join(", ")}</p>}
      <p><Link to={{ screen: "layers", step: look.value?.step ?? null }}>{strings.screens["layers"]} →</Link></p>
    </div>
  );
}
