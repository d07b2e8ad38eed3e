// The step player: source on the left, before -> operation -> after, what exists now, the phases below.

import { useState } from "preact/hooks";
import { go } from "../place.ts";
import { Link } from "../glyphs/parts.tsx";
import { existsAfter, type Thing } from "../record/exists.ts";
import { stretchesOf } from "../record/operations.ts";
import { evaluation, inEvaluation, look, operation, operations, opIndex, toOp } from "../state.ts";
import { strings } from "../strings.ts";
import { Anatomy } from "./operation.tsx";
import { isHidden } from "./predict.tsx";
import { SourceView } from "./source.tsx";

export function StepScreen() {
  const here = operation.value;
  const of = look.value;
  if (!here || !of) return <p class="empty">{strings.nothingLooked}</p>;
  return (
    <div class="player">
      <section class="panel source-panel" aria-label={strings.source}><SourceView /></section>
      <section class="panel anatomy-panel" aria-label={strings.operation}>
        <div class="walk">
          <button type="button" onClick={() => toOp(here.index - 1)} disabled={here.index === 0}>← {strings.back}</button>
          <span class="quiet"><span class="walk-word">{strings.operation} </span>{strings.opOf(here.index, operations.value.length)}</span>
          <button type="button" onClick={() => toOp(here.index + 1)} disabled={here.index === operations.value.length - 1}>{strings.on} →</button>
        </div>
        <p class="sentence" aria-live="polite">{isHidden() ? strings.guessFirst : here.sentence}</p>
        <Anatomy operation={here} />
      </section>
      <section class="panel exists-panel" aria-label={strings.now}><Exists /></section>
      <section class="phases-panel" aria-label={strings.training}><Phases /></section>
      <InWords />
    </div>
  );
}

function Exists() {
  const things = existsAfter(operations.value, isHidden() ? opIndex.value - 1 : opIndex.value);
  return (
    <>
      <h2>{strings.now}</h2>
      <ul class="things">
        {things.map((thing) => <ThingRow thing={thing} changed={thing.madeBy === opIndex.value} key={thing.name} />)}
      </ul>
    </>
  );
}

function ThingRow({ thing, changed }: { thing: Thing; changed: boolean }) {
  const body = (
    <>
      <span class="thing-name">{thing.name}</span>
      <span class={`thing-value ${thing.state}`}>{thing.value}</span>
      {changed && <span class="thing-changed" title={strings.changedHere}>✱ {strings.changed}</span>}
    </>
  );
  return (
    <li class={changed ? "changed" : undefined}>
      {thing.madeBy >= 0 && !changed
        ? <button type="button" class="plain" onClick={() => toOp(thing.madeBy)} title={strings.madeBy(thing.madeBy)}>{body}</button>
        : <span class="plain" title={thing.madeBy < 0 ? strings.thereBefore : undefined}>{body}</span>}
    </li>
  );
}

function Phases() {
  const all = operations.value;
  return (
    <>
      <ol class="phases">
        {stretchesOf(all).map((stretch) => {
          const first = stretch.operations[0]?.index ?? 0;
          const inside = stretch.operations.some((operation) => operation.index === opIndex.value);
          return (
            <li class={`phase ${stretch.phase} ${inside ? "here" : ""}`} key={first}>
              <button type="button" onClick={() => toOp(first)} aria-current={inside ? "step" : undefined}>
                {strings.phaseOps(strings.phases[stretch.phase] ?? stretch.phase, stretch.operations.length)}
              </button>
              {stretch.operations.length > 1 && (
                <span class="ticks" aria-hidden="true">
                  {stretch.operations.map((operation) => (
                    <span class={`tick ${operation.index === opIndex.value ? "here" : operation.index < opIndex.value ? "done" : ""}`} onClick={() => toOp(operation.index)} key={operation.index} />
                  ))}
                </span>
              )}
            </li>
          );
        })}
      </ol>
      {evaluation.value && (
        <button type="button" class="part" onClick={() => go({ op: 0, step: look.value?.step ?? null, set: { part: inEvaluation.value ? null : "evaluation" } })}>
          {inEvaluation.value ? strings.backToTraining : strings.evaluationAfter(evaluation.value.step)}
        </button>
      )}
    </>
  );
}

/** The whole step as text, for those who would rather read it, or cannot see it. */
function InWords() {
  const [open, setOpen] = useState(false);
  return (
    <details class="in-words panel" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{strings.inWords}</summary>
      {open && <Words />}
    </details>
  );
}

function Words() {
  const of = look.value;
  if (!of) return null;
  return (
    <>
      <p>{strings.summary(of.step, operations.value.length)}</p>
      <ol>
        {operations.value.map((operation) => (
          <li key={operation.index} aria-current={operation.index === opIndex.value ? "step" : undefined}>
            <Link to={{ screen: "step", step: of.step, op: operation.index }}>{operation.sentence}</Link>
            {operation.site && <span class="quiet"> {strings.inFile(operation.site.file, operation.site.line)}</span>}
          </li>
        ))}
      </ol>
    </>
  );
}
