// The test of the finished model: confusion, by class, calibration, and the most confident mistakes.

import { useState } from "preact/hooks";
import { Empty, Link, Table } from "../glyphs/parts.tsx";
import { Picture, pictureShape, useBytes } from "../glyphs/pixels.tsx";
import { isObject } from "../record/run.ts";
import { looked, run } from "../state.ts";
import { strings } from "../strings.ts";
import type { Results } from "../types.ts";
import type { Recorded } from "../worked/numbers.ts";
import { className } from "./operation.tsx";

/** A class beyond which a matrix of all pairs is no longer read by anyone. */
const MOST_CLASSES = 30;
const FIRST_SHOWN = 20;

interface Class {
  name: string;
  precision: Recorded;
  recall: Recorded;
  f1: Recorded;
  support: number;
}

export function ResultsScreen() {
  const results = run.value?.manifest.results;
  const [cell, setCell] = useState<[number, number] | null>(null);
  if (!results) return <div class="panel"><h2>{strings.resultsTitle}</h2><Empty>{run.value?.manifest.run["kind"] === "train" ? strings.noResults : strings.noResultsHere}</Empty></div>;
  const { test } = results;
  const number = (key: string) => test[key] as Recorded;
  const interval = Array.isArray(test["interval"]) ? (test["interval"] as Recorded[]) : [];
  const confusion = Array.isArray(test["confusion"]) ? (test["confusion"] as number[][]) : [];
  const classes = (Array.isArray(test["per_class"]) ? test["per_class"] : []) as Class[];
  return (
    <div class="spread">
      <div class="panel">
        <h2>{strings.resultsTitle}</h2>
        <p class="big">{strings.percent(number("accuracy"))}</p>
        <p>{strings.accuracy(number("accuracy"), Number(test["n"] ?? 0))} {interval.length === 2 ? strings.interval(interval[0], interval[1]) : ""}</p>
      </div>
      {confusion.length > 0 && confusion.length <= MOST_CLASSES && <Confusion rows={confusion} cell={cell} onCell={setCell} confused={test["confused"]} />}
      {classes.length > 0 && (
        <div class="panel">
          <h2>{strings.perClass}</h2>
          <Table caption={strings.perClass} hidden head={["", strings.precision, strings.recall, strings.f1, strings.support]} rows={classes.map((one) => [one.name, strings.percent(one.precision), strings.percent(one.recall), strings.percent(one.f1), one.support])} />
        </div>
      )}
      <Worst results={results} cell={cell} onAll={() => setCell(null)} />
      <Calibration results={results} />
    </div>
  );
}

interface ConfusionProps {
  rows: number[][];
  cell: [number, number] | null;
  onCell: (cell: [number, number]) => void;
  confused: unknown;
}

function Confusion({ rows, cell, onCell, confused }: ConfusionProps) {
  const [share, setShare] = useState(false);
  const most = Array.isArray(confused) && isObject(confused[0]) ? confused[0] : null;
  return (
    <div class="panel">
      <h2>{strings.confusion}</h2>
      {most && <p>{strings.confusionSays(String(most["label"]), String(most["prediction"]), Number(most["count"]))}</p>}
      <label class="switch"><input type="checkbox" checked={share} onChange={(event) => setShare(event.currentTarget.checked)} /> {strings.shareOfRow}</label>
      <div class="scroll" tabIndex={0} role="region" aria-label={strings.confusion}>
        <table class="confusion">
          <caption>{strings.trueClass} ↓, {strings.takenFor} →</caption>
          <thead><tr><td />{rows.map((_, i) => <th scope="col" key={i}><span>{className(i)}</span></th>)}</tr></thead>
          <tbody>
            {rows.map((row, i) => {
              const sum = row.reduce((a, b) => a + b, 0);
              return (
                <tr key={i}>
                  <th scope="row">{className(i)}</th>
                  {row.map((count, j) => {
                    const part = sum ? count / sum : 0;
                    return (
                      <td class={`${i === j ? "right" : "wrong"} heat-${Math.ceil(part * 5)}`} key={j}>
                        <button type="button" class="plain" aria-pressed={cell?.[0] === i && cell[1] === j} aria-label={`${strings.only(className(i), className(j))} ${count}`} disabled={!count} onClick={() => onCell([i, j])}>
                          {share ? strings.percent(part) : count}
                        </button>
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Worst({ results, cell, onAll }: { results: Results; cell: [number, number] | null; onAll: () => void }) {
  const bytes = useBytes(results.pictures);
  const [whole, setWhole] = useState(false);
  const shape = pictureShape(results.pictures);
  const worst = (results.worst ?? []).map((mistake, place) => ({ ...mistake, place }));
  if (!worst.length) return null;
  const all = cell ? worst.filter((mistake) => mistake.label === cell[0] && mistake.prediction === cell[1]) : worst;
  const shown = whole || cell ? all : all.slice(0, FIRST_SHOWN);
  return (
    <div class="panel wide">
      <h2>{strings.worst}</h2>
      {cell && <p role="status">{strings.only(className(cell[0]), className(cell[1]))} <button type="button" onClick={onAll}>{strings.showAll}</button></p>}
      {!shown.length && <p class="quiet">{strings.noneKept}</p>}
      <ul class="grid wide">
        {shown.map((mistake) => (
          <li key={mistake.place}>
            {shape && mistake.place < shape.n && <Picture bytes={bytes} offset={mistake.place * shape.c * shape.h * shape.w} planes={shape.c} width={shape.w} height={shape.h} name={strings.mistake(className(mistake.label), className(mistake.prediction), mistake.probability)} />}
            <span aria-hidden={shape ? "true" : undefined}>{strings.mistake(className(mistake.label), className(mistake.prediction), mistake.probability)}</span>
          </li>
        ))}
      </ul>
      {shown.length < all.length && <button type="button" onClick={() => setWhole(true)}>{strings.showAll} ({all.length})</button>}
      <TheirLayers />
    </div>
  );
}

/** What a test keeps of a picture are its scores; layers are known of one picture of each evaluation looked at. */
function TheirLayers() {
  const known = run.value;
  const step = looked.value.findLast((one) => known?.evaluationAfter(one)?.evaluation.some((event) => event.kind === "look-call"));
  return (
    <p class="quiet">
      {strings.noLayersOf}
      {step !== undefined && <> {strings.layersOfOne} <Link to={{ screen: "layers", step, op: null, set: { part: "evaluation" } }}>{strings.evaluationAfter(known?.evaluationAfter(step)?.step ?? step)} →</Link></>}
    </p>
  );
}

function Calibration({ results }: { results: Results }) {
  const bins = results.bins ?? [];
  if (!bins.length) return null;
  const x = (value: number) => 30 + 200 * value;
  const y = (value: number) => 210 - 200 * value;
  const line = (all: readonly [number, number, number][]) => all.filter(([, , count]) => count > 0).map(([confidence, right], i) => `${i ? "L" : "M"}${x(confidence).toFixed(1)} ${y(right).toFixed(1)}`).join("");
  const says = strings.calibrationSays(results.test["ece"] as Recorded, results.test["ece_after"] as Recorded, results.test["temperature"] as Recorded);
  return (
    <div class="panel">
      <h2>{strings.calibration}</h2>
      <p>{says}</p>
      <div class="columns">
        <svg class="calibration" viewBox="0 0 240 236" role="img" aria-label={says}>
          <path class="frame" d="M30 10H230V210H30Z" /><path class="ideal" d="M30 210L230 10" />
          <g class="line-0"><path class="mean" d={line(bins)} />{bins.filter(([, , count]) => count > 0).map(([confidence, right], i) => <circle cx={x(confidence)} cy={y(right)} r="3" key={i} />)}</g>
          {(results.bins_after?.length ?? 0) > 0 && <g class="line-1"><path class="mean" d={line(results.bins_after ?? [])} /></g>}
          <text x="130" y="230" text-anchor="middle">{strings.confidence}</text><text x="-110" y="16" transform="rotate(-90)" text-anchor="middle">{strings.shareRight}</text>
        </svg>
        <Table caption={strings.calibration} hidden head={[strings.confidence, strings.shareRight, strings.images]} rows={bins.filter(([, , count]) => count > 0).map(([confidence, right, count]) => [strings.percent(confidence), strings.percent(right), count])} />
      </div>
    </div>
  );
}
