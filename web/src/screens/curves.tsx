// Loss, learning rate, scores and gradient norms over the whole run.

import { useState } from "preact/hooks";
import { buckets, Chart, type Line, points } from "../glyphs/curve.tsx";
import { Empty } from "../glyphs/parts.tsx";
import { useFloats } from "../glyphs/pixels.tsx";
import { go } from "../place.ts";
import { looked, run } from "../state.ts";
import { strings } from "../strings.ts";
import { lossesOf, rolesOf } from "../record/passes.ts";
import type { CurveOf } from "../types.ts";
import { toNumber } from "../worked/numbers.ts";

const toMark = (step: number) => go({ screen: "step", step, op: 0 });

export function CurvesScreen() {
  const known = run.value;
  if (!known) return null;
  const curves = [...(known.manifest.curves ?? [])].filter((curve) => (curve.rank ?? 0) === 0)
    .sort((a, b) => a.name.localeCompare(b.name) || (a.optimizer ?? 0) - (b.optimizer ?? 0));
  const passes = rolesOf([known]).map((role) => ({ name: role, buckets: points(lossesOf(known, role)) }));
  const scores = [...new Set(known.epochs.flatMap((epoch) => Object.keys(epoch.scores ?? {})))];
  const lines: Line[] = scores.map((part) => ({
    name: part,
    buckets: points(known.epochs.filter((epoch) => epoch.scores?.[part] !== undefined).map((epoch) => [epoch.epoch, epoch.scores?.[part] ?? Number.NaN] as const)),
  }));
  return (
    <div class="spread">
      <div class="panel"><h2>{strings.curvesTitle}</h2>{!curves.length && <Empty>{strings.noCurves}</Empty>}</div>
      {curves.map((curve) => <Recorded curve={curve} key={`${curve.name} ${curve.optimizer}`} />)}
      {lines.length > 0 && <div class="panel"><Chart title={strings.epochScores} lines={lines} /></div>}
      {passes.length > 1 && <div class="panel"><Chart title={strings.lossByPass} lines={passes} /></div>}
      <GradientNorms />
    </div>
  );
}

function Recorded({ curve }: { curve: CurveOf }) {
  const rows = useFloats(curve.rows);
  const [logarithmic, setLogarithmic] = useState(false);
  const optimizer = curve.optimizer ?? 0;
  const several = new Set((run.value?.manifest.curves ?? []).map((other) => other.optimizer ?? 0)).size > 1;
  const name = strings.curveNames[curve.name] ?? curve.name;
  // Each optimizer counts its own steps; those that were looked at are numbered over all of them.
  const own = new Map(looked.value.flatMap((step) => {
    const number = several ? run.value?.looks.get(step)?.process.ownStep(optimizer, step) : step;
    return number === undefined ? [] : [[number, step] as const];
  }));
  return (
    <div class="panel">
      <label class="switch right"><input type="checkbox" checked={logarithmic} onChange={(event) => setLogarithmic(event.currentTarget.checked)} /> {strings.logScale}</label>
      {rows
        ? <Chart title={several ? strings.curve(name, optimizer) : name} lines={[{ name, buckets: buckets(rows) }]} marks={[...own.keys()]} onMark={(number) => toMark(own.get(number) ?? number)} logarithmic={logarithmic} />
        : <p class="quiet">{name}: {strings.reading}</p>}
      {curve.thinned && <p class="quiet">{strings.thinned}</p>}
    </div>
  );
}

const MOST_PARAMETERS = 6;

/** Each of a few parameters at the steps that were looked at. */
function GradientNorms() {
  const found = new Map<string, [number, number][]>();
  for (const step of looked.value) {
    const backward = run.value?.looks.get(step)?.training.find((event) => event.kind === "look-backward");
    if (backward?.kind !== "look-backward") continue;
    for (const gradient of backward.gradients ?? []) {
      const norm = toNumber(gradient.norm ?? 0);
      if (norm === null || (gradient.state ?? "value") === "none") continue;
      const known = found.get(gradient.name);
      if (known) known.push([step, norm]);
      else found.set(gradient.name, [[step, norm]]);
    }
  }
  const lines = [...found].filter(([name]) => name.endsWith("weight")).concat([...found].filter(([name]) => !name.endsWith("weight"))).slice(0, MOST_PARAMETERS);
  if (!lines.length) return null;
  return <div class="panel"><Chart title={strings.gradientCurve} lines={lines.map(([name, values]) => ({ name, buckets: points(values) }))} marks={looked.value} onMark={toMark} logarithmic /></div>;
}
