// Two runs over each other: what they were set to, how they did their steps, and what came of it.

import { buckets, Chart, type Line as Curve, points } from "../glyphs/curve.tsx";
import { Prose, Table } from "../glyphs/parts.tsx";
import { useFloats } from "../glyphs/pixels.tsx";
import { around, difference, layersOf, loopOf, settingsOf, sourcePairs } from "../record/difference.ts";
import { lossesOf, rolesOf } from "../record/passes.ts";
import type { Run } from "../record/run.ts";
import { isObject } from "../record/run.ts";
import { strings } from "../strings.ts";
import type { CurveOf } from "../types.ts";
import type { Recorded } from "../worked/numbers.ts";

interface Two {
  run: Run;
  other: Run;
}

/** How the two are called: by their names, told apart where these are the same. */
export const namesOf = ({ run, other }: Two): [string, string] =>
  run.name === other.name ? [strings.thisRun(run.name), strings.otherRun(other.name)] : [run.name, other.name];

export function RunsCompared({ run, other }: Two) {
  return (
    <>
      <Outcome run={run} other={other} />
      <Settings run={run} other={other} />
      <Loops run={run} other={other} />
      <Curves run={run} other={other} />
      <Findings run={run} other={other} />
      <ByClass run={run} other={other} />
    </>
  );
}

const testOf = (run: Run): Record<string, unknown> => run.manifest.results?.test ?? {};

function Outcome({ run, other }: Two) {
  const rows: [string, (of: Run) => string][] = [
    [strings.outcome.state, (of) => strings.outcome.states[of.manifest.state]],
    [strings.outcome.steps, (of) => strings.grouped(of.steps)],
    [strings.outcome.accuracy, (of) => {
      const interval = testOf(of)["interval"];
      const [low, high] = Array.isArray(interval) ? (interval as Recorded[]) : [];
      return testOf(of)["accuracy"] === undefined ? "" : `${strings.percent(testOf(of)["accuracy"] as Recorded)}${low === undefined ? "" : ` (${strings.percent(low)} – ${strings.percent(high)})`}`;
    }],
    ...partsOf(run, other).map((part): [string, (of: Run) => string] => [strings.outcome.score(part), (of) => told(of.epochs.at(-1)?.scores?.[part])]),
    ...rolesOf([run, other]).map((role): [string, (of: Run) => string] => [strings.outcome.loss(role), (of) => told(lossesOf(of, role).at(-1)?.[1])]),
    [strings.outcome.findings, (of) => (of.manifest.checked ? String(of.manifest.findings?.length ?? 0) : strings.notChecked)],
  ];
  const known = rows.map(([name, value]) => [name, value(run), value(other)]).filter(([, one, second]) => one || second);
  return <div class="panel"><h2>{strings.outcome.title}</h2><Table caption={strings.outcome.title} hidden head={["", ...namesOf({ run, other })]} rows={known} /></div>;
}

const told = (value: Recorded): string => (value === undefined || value === null ? "" : strings.number(value));
const partsOf = (run: Run, other: Run): string[] => [...new Set([run, other].flatMap((of) => of.epochs.flatMap((epoch) => Object.keys(epoch.scores ?? {}))))];
function Settings({ run, other }: Two) {
  const [one, second] = [settingsOf(run), settingsOf(other)];
  const names = [...new Set([...one.keys(), ...second.keys()])];
  const differing = names.filter((name) => one.get(name) !== second.get(name));
  return (
    <div class="panel">
      <h2>{strings.settings}</h2>
      <p>{strings.settingsDiffer(differing.length, names.length)}</p>
      {differing.length > 0 && <Table caption={strings.settings} hidden head={[strings.settingName, ...namesOf({ run, other })]} rows={differing.map((name) => [name, one.get(name) ?? strings.absent, second.get(name) ?? strings.absent])} />}
    </div>
  );
}

function Loops({ run, other }: Two) {
  return (
    <div class="panel wide">
      <h2>{strings.loops}</h2>
      <p class="quiet">{strings.signs(...namesOf({ run, other }))}</p>
      <Difference title={strings.loopDiffers} same={strings.loopSame} one={loopOf(run)} other={loopOf(other)} />
      <Difference title={strings.layersDiffer} same={strings.layersSame} one={layersOf(run)} other={layersOf(other)} />
      {sourcePairs(run, other).map((pair) => <Difference title={pair.file} same={strings.sourceSame(pair.file)} one={pair.one} other={pair.other} key={pair.file} />)}
    </div>
  );
}

/** Lines of both sides in one column: it fits a phone, and reads in order. */
function Difference({ title, same, one, other }: { title: string; same: string; one: readonly string[]; other: readonly string[] }) {
  if (!one.length && !other.length) return null;
  const lines = difference(one, other);
  if (!lines) return <p>{strings.tooLong(title)}</p>;
  if (lines.every((line) => line.side === "both")) return <p class="quiet">{same}</p>;
  const sign = { both: " ", one: "−", other: "+" };
  return (
    <>
      <h3>{title}</h3>
      <pre class="snippet difference" tabIndex={0} role="region" aria-label={title}>
        {around(lines).map((line, i) => <code class={line?.side ?? "left-out"} key={i}>{line ? `${sign[line.side]} ${line.text}\n` : "⋮\n"}</code>)}
      </pre>
    </>
  );
}

function Curves({ run, other }: Two) {
  const keyOf = (curve: CurveOf) => `${curve.name} ${curve.optimizer ?? 0}`;
  const of = (from: Run) => new Map((from.manifest.curves ?? []).filter((curve) => (curve.rank ?? 0) === 0).map((curve) => [keyOf(curve), curve] as const));
  const [one, second] = [of(run), of(other)];
  const names = namesOf({ run, other });
  const epochs = (part: string): Curve[] => [run, other].map((from, i) => ({
    name: names[i] ?? "",
    buckets: points(from.epochs.filter((epoch) => epoch.scores?.[part] !== undefined).map((epoch) => [epoch.epoch, epoch.scores?.[part] ?? Number.NaN] as const)),
  }));
  const passes = (role: string): Curve[] => [run, other].map((from, i) => ({ name: names[i] ?? "", buckets: points(lossesOf(from, role)) }));
  return (
    <>
      {[...new Set([...one.keys(), ...second.keys()])].map((key) => <Both key={key} one={one.get(key)} other={second.get(key)} names={names} several={[...one.values(), ...second.values()].some((curve) => curve.optimizer)} />)}
      {partsOf(run, other).map((part) => <div class="panel" key={part}><Chart title={strings.scoreByEpoch(part)} lines={epochs(part)} /></div>)}
      {rolesOf([run, other]).filter((role) => role !== "training").map((role) => <div class="panel" key={role}><Chart title={`${strings.lossByPass}, ${role}`} lines={passes(role)} /></div>)}
    </>
  );
}

function Both({ one, other, names, several }: { one: CurveOf | undefined; other: CurveOf | undefined; names: [string, string]; several: boolean }) {
  const [mine, theirs] = [useFloats(one?.rows), useFloats(other?.rows)];
  const curve = one ?? other;
  if (!curve || (one && !mine) || (other && !theirs)) return null;
  const name = strings.curveNames[curve.name] ?? curve.name;
  const lines = [mine, theirs].map((rows, i) => ({ name: names[i] ?? "", buckets: rows ? buckets(rows) : [] }));
  return <div class="panel"><Chart title={several ? strings.curve(name, curve.optimizer ?? 0) : name} lines={lines} /></div>;
}

function Findings({ run, other }: Two) {
  const [mine, theirs] = [run, other].map((of) => of.manifest.findings ?? []);
  const all = [...new Map([...(mine ?? []), ...(theirs ?? [])].map((finding) => [finding.rule, finding] as const)).values()];
  if (!all.length) return null;
  const cell = (found: typeof mine, rule: string) => (found?.some((finding) => finding.rule === rule) ? strings.found : strings.absent);
  return (
    <div class="panel wide">
      <h2>{strings.findingsTitle}</h2>
      <Table caption={strings.findingsTitle} hidden head={["", ...namesOf({ run, other }), ""]} rows={all.map((finding) => [
        <span class={`severity ${finding.severity}`} key="rule">{strings.severityIcon[finding.severity]} {finding.rule}</span>, cell(mine, finding.rule), cell(theirs, finding.rule),
        <span class="wrapped" key="message"><Prose>{finding.message}</Prose></span>,
      ])} />
    </div>
  );
}

function ByClass({ run, other }: Two) {
  const of = (from: Run) => {
    const classes = testOf(from)["per_class"];
    return new Map((Array.isArray(classes) ? classes.filter(isObject) : []).map((one) => [String(one["name"]), one["recall"] as Recorded] as const));
  };
  const [mine, theirs] = [of(run), of(other)];
  const names = [...mine.keys()].filter((name) => theirs.has(name));
  if (!names.length) return null;
  const apart = (name: string) => Number(theirs.get(name)) - Number(mine.get(name));
  return (
    <div class="panel">
      <h2>{strings.recallByClass}</h2>
      <Table caption={strings.recallByClass} hidden head={["", ...namesOf({ run, other }), strings.difference]} rows={names.map((name) => [
        name, strings.percent(mine.get(name)), strings.percent(theirs.get(name)), strings.points(apart(name)),
      ])} />
    </div>
  );
}
