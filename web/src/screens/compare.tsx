// Two runs, or two steps, side by side: before and after a fix.

import { useEffect } from "preact/hooks";
import { Table } from "../glyphs/parts.tsx";
import { go, option } from "../place.ts";
import { trainingOf } from "../record/operations.ts";
import type { Look, LookEvent } from "../record/run.ts";
import { GIVEN } from "../source/source.ts";
import { beside, look, lookBeside, looked, other, otherId, otherProblem, run } from "../state.ts";
import { strings } from "../strings.ts";
import { namesOf, RunsCompared } from "./runs.tsx";

/** Before the number of a step of the other run, in the address. */
const OTHER = "other-";

export function CompareScreen() {
  const [mine, theirs] = [run.value, other.value];
  return (
    <div class="spread">
      <div class="panel">
        <h2>{theirs ? strings.compareRuns : strings.compareTitle}</h2>
        <Choice />
        {mine && theirs && <p>{strings.compareRunsSay(...namesOf({ run: mine, other: theirs }))}</p>}
        {otherId.value && (!theirs || otherProblem.value) && <p role="status">{otherProblem.value || strings.reading}</p>}
      </div>
      {mine && theirs && <RunsCompared run={mine} other={theirs} />}
      <Steps />
    </div>
  );
}

/** Which run to compare with, of those beside this one; a file has no others. */
function Choice() {
  useEffect(lookBeside, []);
  const named = run.value?.manifest.other;
  if (!beside.value) return otherId.value ? null : <p class="quiet">{strings.compareHow(run.value?.name ?? "RUN")}</p>;
  if (!beside.value.length && !named) return <p class="quiet">{strings.noneBeside}</p>;
  return (
    <p><label>{strings.compareWith} <select value={otherId.value} onChange={(event) => go({ set: { other: event.currentTarget.value || null, with: null } })}>
      {named ? <option value={GIVEN}>{named}</option> : <option value="">{strings.noOther}</option>}
      {beside.value.map((one) => <option value={one.id} key={one.id}>{one.name} ({strings.moment(one.created)})</option>)}
    </select></label></p>
  );
}

/** Two steps, operation by operation; of the other run where there is one. */
function Steps() {
  const [mine, theirs] = [run.value, other.value];
  const here = look.value;
  const own = looked.value.filter((step) => step !== here?.step);
  const beyond = theirs?.looked ?? [];
  const choices = [...own.map(String), ...beyond.map((step) => `${OTHER}${step}`)];
  const nearest = beyond.reduce<number | undefined>((best, step) => (best === undefined || Math.abs(step - (here?.step ?? 0)) < Math.abs(best - (here?.step ?? 0)) ? step : best), undefined);
  const usual = nearest !== undefined ? `${OTHER}${nearest}` : choices.at(-1);
  const asked = option("with");
  const chosen = asked !== undefined && choices.includes(asked) ? asked : usual;
  if (!mine || !here || chosen === undefined) return <div class="panel"><p class="empty">{strings.oneLook}</p></div>;
  const names = theirs ? namesOf({ run: mine, other: theirs }) : undefined;
  const [from, step] = chosen.startsWith(OTHER) ? [theirs, Number(chosen.slice(OTHER.length))] : [mine, Number(chosen)];
  const beside = from?.looks.get(step);
  if (!beside) return null;
  const title = (one: Look, of: string | undefined) => `${strings.step} ${strings.grouped(one.step)}${of ? `, ${of}` : ""}`;
  const [left, right] = [trainingOf(here), trainingOf(beside)];
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, i) => [left[i], right[i]] as const);
  return (
    <div class="panel wide">
      {theirs && <h2>{strings.compareTitle}</h2>}
      <p>{strings.compareSays(here.step, beside.step)}</p>
      <label>{strings.withStep} <select value={chosen} onChange={(event) => go({ set: { with: event.currentTarget.value } })}>
        {own.map((one) => <option value={one} key={one}>{one}{names ? `, ${names[0]}` : ""}</option>)}
        {beyond.map((one) => <option value={`${OTHER}${one}`} key={`${OTHER}${one}`}>{one}, {names?.[1]}</option>)}
      </select></label>
      <Table
        caption={strings.compareTitle}
        hidden
        head={[strings.operation, title(here, names?.[0]), title(beside, from === theirs ? names?.[1] : names?.[0])]}
        rows={rows.map(([a, b]) => [
          <span class="wrapped" key="sentence">{(a ?? b)?.sentence.split(":")[0]}</span>,
          <span class="wrapped" key="a">{a?.event ? numbersOf(a.event) : ""}</span>,
          <span class="wrapped" key="b">{b?.event ? numbersOf(b.event) : ""}</span>,
        ])}
      />
    </div>
  );
}

/** What is most worth comparing of an operation. */
function numbersOf(event: LookEvent): string {
  switch (event.kind) {
    case "look-batch": return (event.tensors ?? []).map((values) => strings.tensor(values)).join(", ");
    case "look-call": {
      const after = event.outputs?.[0];
      return after ? `${strings.mean} ${strings.number(after.mean)}, ${strings.std} ${strings.number(after.std)}, ${strings.zeros(after.zeros ?? 0)}` : "";
    }
    case "look-loss": return strings.number(event.value);
    case "look-backward": return (event.gradients ?? []).slice(0, 4).map((gradient) => `${gradient.name} ${strings.number(gradient.norm ?? 0)}`).join(", ");
    case "look-step": return (event.updates ?? []).slice(0, 4).map((update) => `${update.name} ${strings.percent(update.ratio ?? 0)}`).join(", ");
    case "look-clear": return `${strings.gradientCounts(event.before ?? {})} → ${strings.gradientCounts(event.after ?? {})}`;
  }
}
