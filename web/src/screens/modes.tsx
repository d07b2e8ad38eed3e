// Train and eval: the same layers in both modes, where both were looked at.

import { Empty, Table } from "../glyphs/parts.tsx";
import { Numbers } from "../glyphs/values.tsx";
import { go } from "../place.ts";
import { look, looked, run } from "../state.ts";
import { strings } from "../strings.ts";
import type { LookCall } from "../types.ts";
import { shortClass } from "../worked/shapes.ts";

export function ModesScreen() {
  const known = run.value;
  const both = looked.value.flatMap((step) => {
    const [training, evaluation] = [known?.looks.get(step), known?.evaluationAfter(step)];
    return training && evaluation?.evaluation.some((event) => event.kind === "look-call") ? [{ training, evaluation }] : [];
  });
  const chosen = both.find((pair) => pair.training === look.value) ?? both[0];
  if (!chosen) return <div class="panel"><h2>{strings.modesTitle}</h2><Empty>{strings.modesNone}</Empty></div>;
  const calls = (events: readonly { kind: string }[]) => events.filter((event) => event.kind === "look-call") as LookCall[];
  const evaluation = calls(chosen.evaluation.evaluation);
  const pairs = calls(chosen.training.training).flatMap((training) => {
    const other = evaluation.find((event) => event.module === training.module && event.model === training.model);
    return other ? [{ training, other }] : [];
  });
  const parts = new Map([...chosen.training.process.models.values()].flatMap((model) => (model.parts ?? []).map((part) => [`${model.id} ${part.name}`, part.sensitive ?? ""] as const)));
  const sensitive = pairs.filter(({ training }) => parts.get(`${training.model} ${training.module}`));
  return (
    <div class="spread">
      <div class="panel">
        <h2>{strings.modesTitle}</h2>
        <p>{strings.modesSays(chosen.training.step, chosen.evaluation.step)}</p><p class="quiet">{strings.samplesDiffer}</p>
        {both.length > 1 && <label>{strings.afterStep} <select value={chosen.training.step} onChange={(event) => go({ step: Number(event.currentTarget.value) })}>{both.map((pair) => <option value={pair.training.step} key={pair.training.step}>{pair.evaluation.step}</option>)}</select></label>}
      </div>
      {sensitive.map(({ training, other }) => (
        <div class="panel" key={training.module}>
          <h3><code>{training.module}: {shortClass(training.class_name)}</code></h3>
          <p>{strings.sensitive[parts.get(`${training.model} ${training.module}`) ?? ""] ?? strings.differs}</p>
          <div class="two">
            {([[strings.inTraining, training], [strings.inEvaluation, other]] as const).map(([name, event]) => (
              <section key={name}><h4>{name}, {(event.training ?? true) ? strings.train : strings.eval}</h4>
                {event.inputs?.[0] && <><span class="quiet">{strings.before}</span><Numbers values={event.inputs[0]} /></>}
                {event.outputs?.[0] && <><span class="quiet">{strings.after}</span><Numbers values={event.outputs[0]} /></>}
              </section>
            ))}
          </div>
        </div>
      ))}
      <div class="panel">
        <Table
          caption={strings.modesTitle}
          hidden
          head={["", strings.inTraining, strings.std, strings.shareOfZeros, strings.inEvaluation, strings.std, strings.shareOfZeros]}
          rows={pairs.map(({ training, other }) => {
            const cells = (event: LookCall) => [(event.training ?? true) ? strings.train : strings.eval, strings.number(event.outputs?.[0]?.std), strings.percent(event.outputs?.[0]?.zeros ?? 0)];
            return [<code key="name">{training.module || shortClass(training.class_name)}</code>, ...cells(training), ...cells(other)];
          })}
        />
      </div>
    </div>
  );
}
