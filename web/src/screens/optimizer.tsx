// The optimizer: one weight's way through the step with the arithmetic, and how far all moved.

import { useState } from "preact/hooks";
import { Compared, Missing, Table } from "../glyphs/parts.tsx";
import { useFloats } from "../glyphs/pixels.tsx";
import { go, numberOption } from "../place.ts";
import { look, operation, operations, predicting } from "../state.ts";
import { strings } from "../strings.ts";
import type { LookClear, LookStep, Weight, Window } from "../types.ts";
import { toNumber } from "../worked/numbers.ts";
import { show, WORKED, workUpdate } from "../worked/update.ts";
import { Bar } from "./operation.tsx";
import { Ask, whichWay } from "./predict.tsx";

const QUIET = new Set(["foreach", "fused", "capturable", "differentiable", "decoupled_weight_decay", "initial_lr"]);

export function OptimizerScreen() {
  const all = operations.value;
  const chosen = operation.value?.event?.kind === "look-step" ? operation.value : all.find((one) => one.event?.kind === "look-step");
  const event = chosen?.event as LookStep | undefined;
  const clears = all.filter((one) => one.event?.kind === "look-clear").map((one) => one.event as LookClear);
  if (!event) return <Missing title={strings.optimizerTitle}>{strings.notInStep["optimizer"]}</Missing>;
  const settings = Object.entries(event.settings ?? {}).filter(([key, value]) => !QUIET.has(key) && value !== false && value !== null && value !== "" && value !== 0);
  return (
    <div class="spread">
      <div class="panel">
        <h2>{strings.optimizerTitle}</h2>
        <p class="sentence">{event.sentence}</p>
        <p>{strings.optimizerSays(event.class_name ?? "", settings.map(([key, value]) => strings.setting(key, value)).join(", "))}</p>
        <Weights event={event} />
      </div>
      {(event.windows ?? []).map((window) => <Matrix event={event} window={window} key={`${window.model} ${window.name}`} />)}
      <Updates event={event} />
      {clears.length > 0 && (
        <div class="panel">
          <h2>{strings.clears}</h2>
          <Table caption={strings.clears} hidden head={["", strings.before, strings.after]} rows={clears.map((clear) => [clear.sentence ?? "", strings.gradientCounts(clear.before ?? {}), strings.gradientCounts(clear.after ?? {})])} />
        </div>
      )}
    </div>
  );
}

function Weights({ event }: { event: LookStep }) {
  const weights = event.weights ?? [];
  const at = Math.min(numberOption("weight") ?? 0, weights.length - 1);
  const weight = weights[at];
  if (!weight) return <p class="quiet">{strings.notRecorded}</p>;
  const question = predicting.value ? whichWay(weight) : null;
  const worked = <OneWeight event={event} weight={weight} />;
  return (
    <>
      <label>{strings.whichWeight} <select value={at} onChange={(change) => go({ set: { weight: change.currentTarget.value } }, true)}>
        {weights.map((one, i) => <option value={i} key={i}>{strings.weightTitle(one.name, one.at)}</option>)}
      </select></label>
      {question ? <Ask question={question} key={`${look.value?.step} ${at}`}>{worked}</Ask> : worked}
    </>
  );
}

function OneWeight({ event, weight }: { event: LookStep; weight: Weight }) {
  const settings = { ...event.settings, ...weight.settings };
  const name = event.class_name ?? "";
  const work = workUpdate({ optimizer: name, settings, before: weight.before, gradient: weight.gradient, stateBefore: weight.state_before ?? {} });
  const exact = (value: number | string | null | undefined) => show(toNumber(value) ?? Number.NaN);
  return (
    <div class="worked arithmetic">
      <p class="exact">{strings.weightTitle(weight.name, weight.at)}{(weight.group ?? 0) > 0 ? `, ${strings.inGroup(weight.group ?? 0)}` : ""}</p>
      {!work && !WORKED.includes(name) && <p>{strings.notWorkedOptimizer(name)}</p>}
      <Table
        caption={strings.optimizerTitle}
        hidden
        head={[strings.what, strings.how, strings.value]}
        rows={[
          [strings.beforeWeight, "", exact(weight.before)],
          [strings.gradientUsed, "", weight.gradient === null ? strings.stateNames["none"] : exact(weight.gradient)],
          ...(work?.lines ?? []).map((line) => [strings.lines[line.name] ?? line.name, <code key="formula">{line.formula}</code>, show(line.value)]),
          ...(!work ? [[strings.after, "", exact(weight.after)]] : []),
        ]}
      />
      {work && <Compared theirs={weight.after} mine={work.after} scale={Math.abs(toNumber(weight.before) ?? 0)} />}
      {Object.entries(weight.state_after ?? {}).map(([key, value]) => (
        <div key={key}><span class="quiet">{strings.stateAfter(key)}</span> {work && key in work.state ? <Compared theirs={value} mine={work.state[key] ?? null} /> : <span class="exact">{exact(value)}</span>}</div>
      ))}
    </div>
  );
}

/** A piece of a matrix; each cell is a weight that can be worked out. */
function Matrix({ event, window: piece }: { event: LookStep; window: Window }) {
  const before = useFloats(piece.before);
  const after = useFloats(piece.after);
  const gradient = useFloats(piece.gradient);
  const [h = 0, w = 0] = piece.before.shape;
  const [cell, setCell] = useState<[number, number] | null>(null);
  const keys = Object.keys(piece.state_before ?? {});
  const kept = useFloats(piece.state_before?.[keys[0] ?? ""]);
  const kept2 = useFloats(piece.state_before?.[keys[1] ?? ""]);
  if (!before || !after || before.length !== h * w || after.length !== h * w) return null;
  const most = Math.max(...[...after].map((value, i) => Math.abs(value - (before[i] ?? 0))).filter(Number.isFinite), 1e-30);
  const size = Math.min(24, 384 / Math.max(w, h));
  const [row, column] = cell ?? [0, 0];
  const at = row * w + column;
  const move = (pressed: KeyboardEvent) => {
    const by = ({ ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] } as Record<string, [number, number]>)[pressed.key];
    if (!by) return;
    pressed.preventDefault();
    setCell([Math.min(h - 1, Math.max(0, row + by[0])), Math.min(w - 1, Math.max(0, column + by[1]))]);
  };
  const point = (pressed: PointerEvent) => {
    const box = (pressed.currentTarget as SVGElement).getBoundingClientRect();
    setCell([
      Math.min(h - 1, Math.max(0, Math.floor(((pressed.clientY - box.top) / box.height) * h))),
      Math.min(w - 1, Math.max(0, Math.floor(((pressed.clientX - box.left) / box.width) * w))),
    ]);
  };
  const state: Record<string, number> = {};
  for (const [i, values] of [kept, kept2].entries()) if (values && keys[i]) state[keys[i] ?? ""] = values[at] ?? Number.NaN;
  const step = toNumber(event.weights?.find((one) => one.name === piece.name)?.state_before?.["step"] ?? null);
  if (step !== null) state["step"] = step;
  const weight: Weight = {
    model: piece.model, name: piece.name, at: indexOf(piece, row, column), before: before[at] ?? Number.NaN,
    gradient: gradient ? (gradient[at] ?? null) : null, after: after[at] ?? Number.NaN, state_before: state,
  };
  return (
    <div class="panel">
      <h2>{strings.window(piece.name, h, w, piece.row ?? 0, piece.column ?? 0)}</h2>
      <p class="quiet">{strings.windowHelp}</p>
      <div class="columns">
        <svg class="matrix" viewBox={`0 0 ${w} ${h}`} width={w * size} height={h * size} tabindex={0} data-own-keys role="application" aria-label={`${piece.name}. ${strings.windowHelp}`} onKeyDown={move} onPointerDown={point}>
          {[...after].map((value, i) => {
            const change = (value - (before[i] ?? 0)) / most;
            return <rect x={i % w} y={Math.floor(i / w)} width=".94" height=".94" class={change < 0 ? "down" : "up"} fill-opacity={Number.isFinite(change) ? 0.08 + 0.92 * Math.abs(change) : 1} key={i} />;
          })}
          {cell && <rect x={column} y={row} width="1" height="1" class="chosen" />}
        </svg>
        <div class="grow">{cell ? <OneWeight event={event} weight={weight} /> : <p class="quiet">{strings.windowLegend}</p>}</div>
      </div>
    </div>
  );
}

/** Where a cell of a window is in its parameter: windows see the axes after the first as one. */
function indexOf(piece: Window, row: number, column: number): number[] {
  const shape = look.value?.process.models.get(piece.model)?.parameters?.find((one) => one.name === piece.name)?.shape;
  let rest = (piece.column ?? 0) + column;
  const inner = (shape ?? [0, 0]).slice(1).reverse().map((length, i, all) => {
    const at = i === all.length - 1 || length < 1 ? rest : rest % length;
    rest = length < 1 ? 0 : Math.floor(rest / length);
    return at;
  });
  return [(piece.row ?? 0) + row, ...inner.reverse()];
}

function Updates({ event }: { event: LookStep }) {
  const updates = event.updates ?? [];
  const ratios = updates.map((update) => toNumber(update.ratio ?? 0) ?? 0);
  const most = Math.max(...ratios.filter(Number.isFinite), 0);
  const largest = updates[ratios.indexOf(most)];
  return (
    <div class="panel">
      <h2>{strings.updates}</h2>
      {largest && most > 0 && <p>{strings.updatesSays(largest.name, most)}</p>}
      <Table
        caption={strings.updates}
        hidden
        head={[strings.parameter, strings.beforeWeight, strings.change, strings.ratio, ""]}
        rows={updates.map((update, i) => [
          <code key="name">{update.name}</code>,
          strings.number(update.weight ?? 0),
          (update.changed ?? true) ? strings.number(update.change ?? 0) : strings.unmoved,
          strings.percent(update.ratio ?? 0),
          <Bar share={most ? (ratios[i] ?? 0) / most : 0} key="bar" />,
        ])}
      />
    </div>
  );
}
