// One operation, drawn from its own event: before -> operation -> after, with its numbers.

import type { ComponentChildren } from "preact";
import { Link } from "../glyphs/parts.tsx";
import { Picture, pictureShape, useBytes } from "../glyphs/pixels.tsx";
import { ShapeBox } from "../glyphs/shape.tsx";
import { Histogram, Numbers } from "../glyphs/values.tsx";
import { numberOption } from "../place.ts";
import type { Operation } from "../record/operations.ts";
import { classNames, look, operations, opKey, predicting } from "../state.ts";
import { strings } from "../strings.ts";
import type { Gradient, LookBackward, LookBatch, LookCall, LookClear, LookLoss, LookStep, Values } from "../types.ts";
import { toNumber } from "../worked/numbers.ts";
import { shortClass } from "../worked/shapes.ts";
import { Ask, questionOf } from "./predict.tsx";

export function Anatomy({ operation }: { operation: Operation }) {
  const question = predicting.value ? questionOf(operation) : null;
  const drawn = <Drawn operation={operation} />;
  return (
    <>
      {question ? <Ask question={question} key={opKey.value}>{drawn}</Ask> : drawn}
      <More operation={operation} />
    </>
  );
}

function Drawn({ operation }: { operation: Operation }) {
  const { event } = operation;
  if (!event) return <p class="quiet">{strings.notLooked}</p>;
  switch (event.kind) {
    case "look-batch": return <BatchDrawn event={event} />;
    case "look-call": return <CallDrawn event={event} operation={operation} />;
    case "look-loss": return <LossDrawn event={event} />;
    case "look-backward": return <BackwardDrawn event={event} />;
    case "look-step": return <StepDrawn event={event} />;
    case "look-clear": return <ClearDrawn event={event} />;
  }
}

interface FlowProps {
  before: ComponentChildren;
  name: string;
  rule: string;
  after: ComponentChildren;
}

/** The one picture of this page: what went in, what was done, what came out. */
export function Flow({ before, name, rule, after }: FlowProps) {
  return (
    <div class="flow">
      <div class="flow-part"><h3>{strings.before}</h3>{before}</div>
      <div class="flow-op"><span class="flow-name">{name}</span><span class="flow-arrow" aria-hidden="true" /><span class="quiet">{rule}</span></div>
      <div class="flow-part"><h3>{strings.after}</h3>{after}</div>
    </div>
  );
}

function Tensors({ values }: { values: readonly Values[] | undefined }) {
  if (!values?.length) return <p class="quiet">{strings.notRecorded}</p>;
  return <>{values.slice(0, 4).map((one, i) => <ShapeBox shape={one.shape} key={i} />)}</>;
}

/** The picture of the chosen sample, from the batch that this step began with. */
export function SamplePicture({ flat }: { flat?: boolean }) {
  const batch = operations.value.find((operation) => operation.event?.kind === "look-batch")?.event as LookBatch | undefined;
  const bytes = useBytes(batch?.picture);
  const shape = pictureShape(batch?.picture);
  if (!batch || !shape) return null;
  const sample = Math.min(numberOption("sample") ?? 0, shape.n - 1);
  const size = shape.c * shape.h * shape.w;
  const label = className(batch.labels?.[sample]);
  return flat
    ? <Picture bytes={bytes} offset={sample * size} planes={1} width={size} height={1} name={`${strings.picture(sample, label)}, 1 × ${size}`} class="strip" />
    : <Picture bytes={bytes} offset={sample * size} planes={shape.c} width={shape.w} height={shape.h} name={strings.picture(sample, label)} class="sample" />;
}

export function className(label: number | undefined | null): string {
  return label === undefined || label === null ? "" : (classNames.value[label] ?? String(label));
}

function BatchDrawn({ event }: { event: LookBatch }) {
  const names = (event.tensors ?? []).map((values, i) => strings.batchPart(event.names?.[i] ?? String(i), values));
  return (
    <>
      <Flow
        before={<SamplePicture />}
        name={strings.phases["batch"] ?? ""}
        rule={strings.batchRule}
        after={<>{(event.tensors ?? []).map((values, i) => <div key={i}><span class="quiet">{names[i]}</span><ShapeBox shape={values.shape} /></div>)}</>}
      />
      {(event.tensors ?? []).slice(0, 2).map((values, i) => <section key={i}><h3>{names[i]}</h3><Numbers values={values} /></section>)}
    </>
  );
}

function CallDrawn({ event, operation }: { event: LookCall; operation: Operation }) {
  const name = shortClass(event.class_name);
  const [before, after] = [event.inputs?.[0], event.outputs?.[0]];
  const pictured = before?.shape.length === 4 && after?.shape.length === 2 && name === "Flatten" && (before.shape[1] ?? 9) <= 3;
  const rule = strings.rules[name];
  const inside = operation.lastInside - operation.index;
  return (
    <>
      <Flow
        before={<>{pictured && <SamplePicture />}<Tensors values={event.inputs} /></>}
        name={event.module ? `${event.module}: ${name}` : name}
        rule={rule && before && after ? rule(before.shape, after.shape) : inside ? strings.contains(inside) : strings.parameters(event.parameters ?? 0)}
        after={<>{pictured && <SamplePicture flat />}<Tensors values={event.outputs} /></>}
      />
      {after && (
        <section>
          <h3>{strings.after}</h3>
          {event.histogram?.length ? <Histogram counts={event.histogram} values={after} /> : null}
          <Numbers values={after} />
        </section>
      )}
    </>
  );
}

function LossDrawn({ event }: { event: LookLoss }) {
  const inputs = [event.input, event.target].filter((values) => values !== null && values !== undefined);
  return (
    <>
      <Flow before={<Tensors values={inputs} />} name={event.function} rule={strings.loss1} after={<p class="big">{strings.number(event.value)}</p>} />
      {event.input && <section><h3>{strings.things.scores}</h3><Numbers values={event.input} /></section>}
    </>
  );
}

function BackwardDrawn({ event }: { event: LookBackward }) {
  const gradients = event.gradients ?? [];
  const most = Math.max(...gradients.map((gradient) => toNumber(gradient.norm) ?? 0).filter(Number.isFinite), 0);
  return (
    <>
      <Flow
        before={<><p class="big">{strings.number(event.value)}</p><p class="quiet">{strings.beforeIt(strings.gradientCounts(event.before ?? {}))}</p></>}
        name={strings.phases["backward"] ?? ""}
        rule={strings.backwardRule}
        after={<p class="big">{strings.gradientCounts(countOf(gradients))}</p>}
      />
      <section><h3>{strings.gradientNorms}</h3>
        <ul class="bars">
        {gradients.slice(0, 12).map((gradient) => (
          <li key={`${gradient.model} ${gradient.name}`}>
            <span class="bar-name">{gradient.name}</span>
            <Bar share={most ? (toNumber(gradient.norm) ?? 0) / most : 0} />
            <span>{(gradient.state ?? "value") === "value" ? strings.number(gradient.norm ?? 0) : strings.stateNames[gradient.state ?? ""]}</span>
          </li>
        ))}
        {gradients.length > 12 && <li class="quiet">{strings.many(gradients.length - 12, "more gradient")}</li>}
      </ul>
      </section>
      {(event.unreached?.length ?? 0) > 0 && <p class="bad">{strings.unreached}: {event.unreached?.join(", ")}</p>}
    </>
  );
}

function countOf(gradients: readonly Gradient[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state = "value" } of gradients) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

export function Bar({ share }: { share: number }) {
  const width = Number.isFinite(share) ? Math.max(0, Math.min(1, share)) * 100 : 0;
  return <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect width={width} height="8" /></svg>;
}

function StepDrawn({ event }: { event: LookStep }) {
  const weights = event.weights ?? [];
  return (
    <>
      <Flow
        before={<>{weights.map((weight) => <p key={weight.name}><span class="quiet">{strings.weightAt(weight.name, weight.at)}</span><br /><span class="exact">{strings.number(weight.before)}</span></p>)}</>}
        name={event.class_name ?? ""}
        rule={strings.stepRule(event.class_name ?? "")}
        after={<>{weights.map((weight) => <p key={weight.name}><span class="quiet">{strings.gradient} {strings.number(weight.gradient)}</span><br /><span class="exact">{strings.number(weight.after)}</span></p>)}</>}
      />
      <section><h3>{strings.updates}</h3>
        <ul class="bars">
          {(event.updates ?? []).slice(0, 12).map((update) => (
            <li key={`${update.model} ${update.name}`}><span class="bar-name">{update.name}</span><Bar share={Math.max(0, 1 + Math.log10(Math.max(toNumber(update.ratio ?? 0) ?? 0, 1e-9)) / 5)} /><span>{(update.changed ?? true) ? strings.percent(update.ratio ?? 0) : strings.unmoved}</span></li>
          ))}
        </ul>
      </section>
    </>
  );
}

function ClearDrawn({ event }: { event: LookClear }) {
  return <Flow before={<p class="big">{strings.gradientCounts(event.before ?? {})}</p>} name={strings.phases["clear"] ?? ""} rule={strings.clearRule} after={<p class="big">{strings.gradientCounts(event.after ?? {})}</p>} />;
}

/** From an operation to the screen that works it out. */
function More({ operation }: { operation: Operation }) {
  const to = ({ batch: "batch", forward: "layers", loss: "loss", backward: "backward", step: "optimizer", clear: "optimizer" } as const)[operation.phase];
  if (!operation.event) return null;
  return <p class="more"><Link to={{ screen: to, step: look.value?.step ?? null, op: operation.index }}>{operation.event?.kind === "look-call" && !operation.event.worked ? strings.moreLayer : strings.more[operation.phase]} →</Link></p>;
}
