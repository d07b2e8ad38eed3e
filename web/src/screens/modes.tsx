// Train and eval: the same sample in both modes, as `gd why eval` ran it on a copy; the same layers as
// they were looked at in both; and what a BatchNorm chose between.

import { useState } from "preact/hooks";
import { Link, Table } from "../glyphs/parts.tsx";
import { Numbers } from "../glyphs/values.tsx";
import { go } from "../place.ts";
import { look, looked, run } from "../state.ts";
import { strings } from "../strings.ts";
import type { LookCall, Normed } from "../types.ts";
import { shortClass } from "../worked/shapes.ts";
import { Blocks } from "./lessons.tsx";

const LESSON = "eval";
const FIRST_SHOWN = 6;

export function ModesScreen() {
  const [whole, setWhole] = useState(false);
  const known = run.value;
  const pairs = looked.value.flatMap((step) => {
    const [training, evaluation] = [known?.looks.get(step), known?.evaluationAfter(step)];
    return training && evaluation?.evaluation.some((event) => event.kind === "look-call") ? [{ training, evaluation }] : [];
  });
  const chosen = pairs.find((pair) => pair.training === look.value) ?? pairs[0];
  const evaluation = chosen ? callsOf(chosen.evaluation.evaluation) : [];
  const training = callsOf((chosen?.training ?? look.value)?.training ?? []);
  const both = training.map((call) => ({ call, other: evaluation.find((event) => event.module === call.module && event.model === call.model) }));
  const parts = new Map([...((chosen?.training ?? look.value)?.process.models.values() ?? [])].flatMap((model) => (model.parts ?? []).map((part) => [`${model.id} ${part.name}`, part.sensitive ?? ""] as const)));
  const sensitive = both.filter(({ call }) => parts.get(`${call.model} ${call.module}`));
  return (
    <div class="spread">
      <div class="panel">
        <h2>{strings.modesTitle}</h2>
        <p>{sensitive.length ? strings.modesMatter(sensitive.length) : strings.modesSame}</p>
        {chosen ? <><p>{strings.modesSays(chosen.training.step, chosen.evaluation.step)}</p><p class="quiet">{strings.samplesDiffer}</p></> : <p class="quiet">{strings.modesNone}</p>}
        {pairs.length > 1 && <label>{strings.afterStep} <select value={chosen?.training.step} onChange={(event) => go({ step: Number(event.currentTarget.value) })}>{pairs.map((pair) => <option value={pair.training.step} key={pair.training.step}>{pair.evaluation.step}</option>)}</select></label>}
      </div>
      <SameSample />
      {(whole ? sensitive : sensitive.slice(0, FIRST_SHOWN)).map(({ call, other }) => <Layer call={call} other={other} says={strings.sensitive[parts.get(`${call.model} ${call.module}`) ?? ""] ?? strings.differs} key={call.index} />)}
      {!whole && sensitive.length > FIRST_SHOWN && <p class="wide"><button type="button" onClick={() => setWhole(true)}>{strings.showAll} ({sensitive.length})</button></p>}
      {evaluation.length > 0 && (
        <div class="panel wide">
          <h2>{strings.modesLayers}</h2>
          <Table
            caption={strings.modesLayers}
            hidden
            head={["", strings.inTraining, strings.std, strings.shareOfZeros, strings.inEvaluation, strings.std, strings.shareOfZeros]}
            rows={both.flatMap(({ call, other }) => (other ? [[<code key="name">{call.module || shortClass(call.class_name)}</code>, ...cells(call), ...cells(other)]] : []))}
          />
        </div>
      )}
    </div>
  );
}

const callsOf = (events: readonly { kind: string }[]) => events.filter((event) => event.kind === "look-call") as LookCall[];
const mode = (call: LookCall) => ((call.training ?? true) ? strings.train : strings.eval);
const cells = (call: LookCall) => [mode(call), strings.number(call.outputs?.[0]?.std), strings.percent(call.outputs?.[0]?.zeros ?? 0)];

/** A model in use is never run a second time: this was measured on a copy, by whoever asked. */
function SameSample() {
  const answer = run.value?.manifest.answers?.find((one) => one.topic === LESSON);
  return (
    <div class="panel wide">
      <h2>{strings.sameSample}</h2>
      {answer?.see?.length ? (
        <>
          <p class="quiet">{strings.onACopy(answer.step ?? 0)} <Link to={{ screen: "lessons", set: { topic: LESSON } }}>{strings.screens["lessons"]} →</Link></p>
          <Blocks blocks={answer.see} />
        </>
      ) : <p class="quiet">{strings.askForIt(run.value?.name ?? "RUN")}</p>}
    </div>
  );
}

function Layer({ call, other, says }: { call: LookCall; other: LookCall | undefined; says: string }) {
  const sides = [[strings.inTraining, call] as const, ...(other ? [[strings.inEvaluation, other] as const] : [])];
  return (
    <div class={`panel ${call.normed ? "wide" : ""}`}>
      <h2><code>{call.module}: {shortClass(call.class_name)}</code></h2>
      <p>{says}</p>
      <div class="two">
        {sides.map(([name, event]) => (
          <section key={name}><h3>{name}, {mode(event)}</h3>
            {event.mask && <Mask mask={event.mask} />}
            {event.normed && <p>{strings.normedBy[event.normed.used ?? "batch"]}</p>}
            {event.inputs?.[0] && <><span class="quiet">{strings.before}</span><Numbers values={event.inputs[0]} /></>}
            {event.outputs?.[0] && <><span class="quiet">{strings.after}</span><Numbers values={event.outputs[0]} /></>}
          </section>
        ))}
      </div>
      {sides.map(([name, event]) => event.normed && <Statistics normed={event.normed} title={`${strings.statisticsOf}, ${name}`} key={name} />)}
    </div>
  );
}

/** Each value of the first sample as a cell: it passed, it was put out, it had been 0 before. */
function Mask({ mask }: { mask: string }) {
  const count = (letter: string) => [...mask].filter((one) => one === letter).length;
  const says = strings.maskSays(mask.length, count("0"), count("1"), count("."));
  const width = Math.min(32, mask.length);
  return (
    <figure class="mask">
      <figcaption>{says}</figcaption>
      <svg viewBox={`0 0 ${width * 8} ${Math.ceil(mask.length / width) * 8}`} role="img" aria-label={says}>
        {[...mask].map((letter, i) => <rect x={(i % width) * 8 + 0.5} y={Math.floor(i / width) * 8 + 0.5} width="7" height="7" class={letter === "1" ? "passed" : letter === "0" ? "put-out" : "was-zero"} key={i} />)}
      </svg>
    </figure>
  );
}

function Statistics({ normed, title }: { normed: Normed; title: string }) {
  const kept = (normed.running_mean?.length ?? 0) > 0;
  return (
    <>
      <Table
        caption={title}
        head={[strings.channelName, strings.batchMean, ...(kept ? [strings.runningMean, strings.runningAfter] : []), strings.batchVariance, ...(kept ? [strings.runningVariance, strings.runningAfter] : [])]}
        rows={normed.batch_mean.map((mean, i) => [
          i, strings.number(mean), ...(kept ? [strings.number(normed.running_mean?.[i]), strings.number(normed.after_mean?.[i])] : []),
          strings.number(normed.batch_var[i]), ...(kept ? [strings.number(normed.running_var?.[i]), strings.number(normed.after_var?.[i])] : []),
        ])}
      />
      <p class="quiet">{strings.channelsKept(normed.batch_mean.length, normed.channels, normed.values)}</p>
    </>
  );
}
