// Two steps of a run side by side, operation by operation.

import { Empty, Table } from "../glyphs/parts.tsx";
import { go, numberOption } from "../place.ts";
import { trainingOf } from "../record/operations.ts";
import type { LookEvent } from "../record/run.ts";
import { look, looked, run } from "../state.ts";
import { strings } from "../strings.ts";

export function CompareScreen() {
  const here = look.value;
  const steps = looked.value;
  const other = numberOption("with") ?? steps.findLast((step) => step !== here?.step) ?? null;
  const beside = other === null ? undefined : run.value?.looks.get(other);
  if (!here || !beside || here === beside) return <div class="panel"><h2>{strings.compareTitle}</h2><Empty>{strings.oneLook}</Empty></div>;
  const [left, right] = [trainingOf(here), trainingOf(beside)];
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, i) => [left[i], right[i]] as const);
  return (
    <div class="panel">
      <h2>{strings.compareTitle}</h2>
      <p>{strings.compareSays(here.step, beside.step)}</p>
      <label>{strings.withStep} <select value={beside.step} onChange={(event) => go({ set: { with: event.currentTarget.value } })}>{steps.filter((step) => step !== here.step).map((step) => <option value={step} key={step}>{step}</option>)}</select></label>
      <Table
        caption={strings.compareTitle}
        hidden
        head={[strings.operation, `${strings.step} ${here.step}`, `${strings.step} ${beside.step}`]}
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
