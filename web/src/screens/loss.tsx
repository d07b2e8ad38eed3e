// The loss of one sample worked out, from scores to nats, and the mean over the batch.

import { useState } from "preact/hooks";
import { counted } from "../glyphs/export.ts";
import { Compared, Missing, Table } from "../glyphs/parts.tsx";
import { useFloats } from "../glyphs/pixels.tsx";
import { go, numberOption } from "../place.ts";
import { look, operation, operations, predicting } from "../state.ts";
import { strings } from "../strings.ts";
import type { LookLoss, LossFunction, Row } from "../types.ts";
import { toNumber } from "../worked/numbers.ts";
import { workLoss } from "../worked/loss.ts";
import { byOutput } from "../worked/outputs.ts";
import { show } from "../worked/update.ts";
import { className, SamplePicture } from "./operation.tsx";
import { outputsOf, WorkedOutputs } from "./outputs.tsx";
import { againstGuessing, Ask } from "./predict.tsx";

export function LossScreen() {
  const chosen = operation.value?.event?.kind === "look-loss" ? operation.value : operations.value.find((one) => one.event?.kind === "look-loss");
  const event = chosen?.event as LookLoss | undefined;
  if (!event) return <Missing title={strings.lossTitle}>{strings.notInStep["loss"]}</Missing>;
  const called = look.value?.process.losses.get(event.loss);
  const known = event.function === "cross_entropy" || event.function === "nll_loss" || byOutput(event.function);
  const rows = (event.rows ?? []).filter((row) => row.scores.length);
  return (
    <div class="panel">
      <h2>{strings.lossTitle}</h2>
      <p class="sentence">{event.sentence}</p>
      {!known ? <p>{strings.notWorkedLoss(event.function)}</p> : rows.length ? <Rows event={event} rows={rows} called={called} /> : <p>{strings.noRows}</p>}
    </div>
  );
}

/** The place among a row's scores of its label. */
export function targetOf(row: Row): number {
  if (row.label === null || row.label === undefined) return -1;
  return row.classes?.length ? row.classes.indexOf(row.label) : row.label;
}

/** Label smoothing, 0 for none; null where weights make more of a loss than this page works out. */
export function smoothingOf(called: LossFunction | undefined): number | null {
  const settings = called?.settings ?? {};
  return settings["weight"] || settings["pos_weight"] ? null : (toNumber(settings["label_smoothing"] as number | null) ?? 0);
}

function Rows({ event, rows, called }: { event: LookLoss; rows: Row[]; called: LossFunction | undefined }) {
  const [sorted, setSorted] = useState(false);
  const sample = numberOption("sample") ?? rows[0]?.sample ?? 0;
  const row = rows.find((one) => one.sample === sample) ?? rows[0];
  if (!row) return null;
  const order = sorted ? [...rows].sort((a, b) => (toNumber(b.loss) ?? 0) - (toNumber(a.loss) ?? 0)) : rows;
  const classes = event.input?.shape[1] ?? row.scores.length;
  const outputs = byOutput(event.function);
  const own = toNumber(row.loss ?? null);
  const question = predicting.value && event.function === "cross_entropy" && own !== null ? againstGuessing(own, classes, strings.sample) : null;
  const worked = <Worked event={event} row={row} rows={rows} called={called} />;
  return (
    <>
      <div class="columns">
        <label>{strings.sample} <select value={row.sample} onChange={(change) => go({ set: { sample: change.currentTarget.value } }, true)}>
          {order.map((one) => <option value={one.sample} key={one.sample}>{strings.choose(one.sample, className(one.label))}{one.loss != null && !predicting.value ? `, ${strings.number(one.loss)}` : ""}</option>)}
        </select></label>
        <label class="switch"><input type="checkbox" checked={sorted} onChange={(change) => setSorted(change.currentTarget.checked)} /> {strings.sortByLoss}</label>
      </div>
      <div class="columns loss-columns">
        <SamplePicture />
        <div><p>{strings.lossSays(row.sample, className(row.label))}</p><p class="quiet">{outputs ? strings.guessingHalf[event.function] : strings.guessing(classes)}</p></div>
      </div>
      {question ? <Ask question={question} key={`${look.value?.step} ${row.sample}`}>{worked}</Ask> : worked}
    </>
  );
}

function Worked({ event, row, rows, called }: { event: LookLoss; row: Row; rows: Row[]; called: LossFunction | undefined }) {
  return (
    <>
      {smoothingOf(called) === null && <p class="problem">{strings.weighted}</p>}
      {byOutput(event.function) ? <WorkedOutputs event={event} row={row} plain={smoothingOf(called) !== null} /> : <WorkedRow row={row} isLog={event.function === "nll_loss"} smoothing={smoothingOf(called)} />}
      <Mean event={event} rows={rows} called={called} />
    </>
  );
}

function WorkedRow({ row, isLog, smoothing }: { row: Row; isLog: boolean; smoothing: number | null }) {
  const target = targetOf(row);
  const plain = smoothing !== null;
  const work = workLoss(row.scores, target, row.rest ?? null, smoothing ?? 0);
  const { columns } = strings;
  const name = (i: number) => className(row.classes?.length ? row.classes[i] : i);
  if (isLog) {
    const own = toNumber(row.scores[target]);
    return (
      <>
        <p class="quiet">{strings.inputIsLog}</p>
        <p class="exact">−({strings.number(own)}) = {strings.number(own === null ? null : -own)}</p>
        <Compared theirs={row.loss} mine={plain && own !== null ? -own : null} />
      </>
    );
  }
  const probability = work.probabilities[target];
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={strings.lossTitle}>
        <table>
          <caption class="visually-hidden">{strings.lossTitle}</caption>
          <thead><tr>{[columns.class, columns.score, columns.shifted, columns.exp, columns.probability].map((cell) => <th scope="col" key={cell}>{cell}</th>)}<td aria-hidden="true" /></tr></thead>
          <tbody>
            {work.scores.map((score, i) => (
              <tr class={i === target ? "target" : undefined} key={i}>
                <th scope="row">{name(i)}{i === target ? ` (${strings.label})` : ""}</th>
                <td>{show(score)}</td><td>{strings.number(work.shifted[i])}</td><td>{strings.number(work.exps[i])}</td>
                <td>{strings.number(work.probabilities[i])}</td>
                <td class="bar-cell" aria-hidden="true"><svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none"><rect width={100 * (work.probabilities[i] || 0)} height="8" /></svg></td>
              </tr>
            ))}
            {work.restExp > 0 && <tr><th scope="row">{strings.rest}</th><td /><td /><td>{strings.number(work.restExp)}</td><td>{strings.number(work.restExp / work.sum)}</td><td /></tr>}
          </tbody>
        </table>
      </div>
      <p>{strings.sumLine(work.sum)}</p>
      <Formula probability={probability} loss={work.own} />
      {work.smoothing > 0 && <p class="exact">{strings.smoothed(work.smoothing, work.own, work.spread, work.loss)}</p>}
      <Compared theirs={row.loss} mine={plain ? work.loss : null} />
    </>
  );
}

/** The last line as a formula, for those who see it as one; the text beside it says the same. */
function Formula({ probability, loss }: { probability: number | undefined; loss: number | null }) {
  return (
    <p class="formula">
      <math aria-hidden="true"><mo>−</mo><mi>log</mi><mo>(</mo><mn>{strings.number(probability)}</mn><mo>)</mo><mo>=</mo><mn>{strings.number(loss)}</mn></math>
      <span class="visually-hidden">{strings.lossLine(probability, loss)}</span>
    </p>
  );
}

/** From the losses of the samples to the number that backward starts at. */
function Mean({ event, rows, called }: { event: LookLoss; rows: Row[]; called: LossFunction | undefined }) {
  const losses = useFloats(event.losses);
  const n = event.input?.shape[0] ?? rows.length;
  const all = losses && losses.length === n ? [...losses] : rows.length === n ? rows.map((row) => toNumber(row.loss) ?? Number.NaN) : null;
  const reduction = called?.reduction || "mean";
  const value = toNumber(event.value);
  const plainMean = reduction === "mean" && (called?.ignored ?? 0) === 0;
  const sum = all?.reduce((a, b) => a + b, 0) ?? null;
  const each = byOutput(event.function) ? outputsOf(event) : 1;
  // Weights that are in the losses already stay in their mean; those of classes divide it too.
  const weighted = smoothingOf(called) === null && !byOutput(event.function);
  const mine = sum === null || weighted ? null : reduction === "sum" ? sum * each : plainMean ? sum / n : null;
  return (
    <section>
      <h3>{reduction === "sum" ? strings.sumIs : strings.meanIs}</h3>
      <p>{strings.meanOver(n, all ? n : rows.length)}</p>
      {all && all.length <= 1024 && <Losses losses={all} sample={numberOption("sample") ?? 0} />}
      <Compared theirs={event.value} mine={mine} scale={all ? Math.max(...all.map(Math.abs)) : 0} />
      {value !== null && Number.isFinite(value) && reduction === "mean" && event.function === "cross_entropy" && smoothingOf(called) === 0 && <p class="quiet">{strings.probabilityOf(value)}</p>}
    </section>
  );
}

function Losses({ losses, sample }: { losses: readonly number[]; sample: number }) {
  const [open, setOpen] = useState(false);
  const finite = losses.filter(Number.isFinite);
  const [most, least] = [Math.max(...finite, 1e-9), Math.min(...finite)];
  const says = finite.length ? strings.lossesSay(least, most, losses.indexOf(most)) : strings.lossesBad;
  const height = (loss: number) => (38 * (Number.isFinite(loss) ? loss : most)) / most;
  return (
    <figure class="sample-losses">
      <svg class="losses" viewBox={`0 0 ${losses.length * 4} 40`} preserveAspectRatio="none" role="img" aria-label={says} ref={(drawing) => { if (drawing) counted.set(drawing, [[strings.sample, strings.columns.loss], ...losses.map((loss, i) => [i, loss])]); }}>
        {losses.map((loss, i) => <rect x={4 * i} width="3" y={40 - height(loss)} height={height(loss)} class={i === sample ? "here" : undefined} key={i} />)}
      </svg>
      <figcaption>{says}</figcaption>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{strings.lossesTable}</summary>
        {open && <Table caption={strings.lossesTable} hidden head={[strings.sample, strings.columns.loss]} rows={losses.map((loss, i) => [i, strings.number(loss)])} />}
      </details>
    </figure>
  );
}
