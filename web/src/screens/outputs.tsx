// A loss of one sample in which each output has a target of its own, worked out.

import { Compared, Table } from "../glyphs/parts.tsx";
import { classNames } from "../state.ts";
import { strings } from "../strings.ts";
import type { LookLoss, Row } from "../types.ts";
import { workOutputs } from "../worked/outputs.ts";
import { show } from "../worked/update.ts";
import { className } from "./operation.tsx";

/** How many outputs a sample has. */
export const outputsOf = (event: LookLoss): number => (event.input?.shape ?? []).slice(1).reduce((a, b) => a * b, 1);

/** An output by its class, where there is one for each; else by its place. */
export function outputName(row: Row, i: number, count: number): string {
  const place = row.classes?.length ? (row.classes[i] ?? i) : i;
  return classNames.value.length === count ? className(place) : String(place);
}

export function WorkedOutputs({ event, row, plain }: { event: LookLoss; row: Row; plain: boolean }) {
  const count = outputsOf(event);
  const work = workOutputs(event.function, row.scores, row.targets ?? [], count, row.rest);
  if (!work) return <p>{strings.noRows}</p>;
  const { columns } = strings;
  const shares = work.outputs.some((output) => output.probability !== null);
  return (
    <>
      <p class="exact">{strings.byOutput[event.function]}</p>
      <Table
        caption={strings.lossTitle}
        hidden
        head={[columns.output, strings.takes[event.function] ?? columns.score, columns.target, ...(shares ? [columns.sigmoid] : []), columns.loss]}
        rows={[
          ...work.outputs.map((output, i) => [
            outputName(row, i, count), show(output.value), show(output.target), ...(shares ? [strings.number(output.probability)] : []), strings.number(output.loss),
          ]),
          ...(work.outputs.length < count ? [[strings.otherOutputs(count - work.outputs.length), "", "", ...(shares ? [""] : []), strings.number(work.rest)]] : []),
        ]}
      />
      {count > 1 && <p>{strings.meanOfOutputs(count, work.sum, work.mean)}</p>}
      <Compared theirs={row.loss} mine={plain ? work.mean : null} />
    </>
  );
}
