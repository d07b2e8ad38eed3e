// What differs between two runs: what each was set to, its loop, and its source. Pure functions.

import type { Op } from "../types.ts";
import { strings } from "../strings.ts";
import { isObject, type Process, type Run } from "./run.ts";

/** Lines of each side that are compared; the cost grows with their product. */
const MOST_LINES = 1500;

export interface Line {
  side: "both" | "one" | "other";
  text: string;
}

/** The lines of two texts in one order: those in both, those of one only. Null where they are too long. */
export function difference(one: readonly string[], other: readonly string[]): Line[] | null {
  let from = 0;
  while (from < one.length && from < other.length && one[from] === other[from]) from++;
  let [endOne, endOther] = [one.length, other.length];
  while (endOne > from && endOther > from && one[endOne - 1] === other[endOther - 1]) {
    endOne--;
    endOther--;
  }
  const [a, b] = [one.slice(from, endOne), other.slice(from, endOther)];
  if (a.length > MOST_LINES || b.length > MOST_LINES) return null;
  const both = (text: string): Line => ({ side: "both", text });
  return [...one.slice(0, from).map(both), ...inOrder(a, b), ...one.slice(endOne).map(both)];
}

/** By the longest common subsequence: common[i][j] is its length for what follows a[i] and b[j]. */
function inOrder(a: readonly string[], b: readonly string[]): Line[] {
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const lines: Line[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ side: "both", text: a[i] ?? "" });
      i++;
      j++;
    } else if (i < a.length && (j >= b.length || at(i + 1, j) >= at(i, j + 1))) lines.push({ side: "one", text: a[i++] ?? "" });
    else lines.push({ side: "other", text: b[j++] ?? "" });
  }
  return lines;
}

/** Only what differs with a few lines around it; null where lines are left out. */
export function around(lines: readonly Line[], context = 3): (Line | null)[] {
  const near = (i: number) => lines.slice(Math.max(0, i - context), i + context + 1).some((line) => line.side !== "both");
  const found: (Line | null)[] = [];
  for (const [i, line] of lines.entries()) {
    if (near(i)) found.push(line);
    else if (found.at(-1) !== null && found.length) found.push(null);
  }
  while (found.at(-1) === null) found.pop();
  return found;
}

/** What a run was set to, by name: what was asked for, and what was seen of those who took part. */
export function settingsOf(run: Run): Map<string, string> {
  const found = new Map<string, string>();
  const put = (name: string, value: unknown) => {
    if (value !== undefined && value !== null && value !== "") found.set(name, String(value));
  };
  const asked = run.manifest.run["settings"];
  if (isObject(asked)) for (const [name, setting] of Object.entries(asked)) put(name, isObject(setting) ? setting["value"] : setting);
  const data = run.manifest.run["data"];
  if (isObject(data)) put(strings.setTo.data, data["name"]);
  const process = lastOf(run);
  if (!process) return found;
  for (const [id, optimizer] of process.optimizers) {
    const name = id ? `${strings.setTo.optimizer} ${id}` : strings.setTo.optimizer;
    put(name, optimizer.class_name);
    for (const [key, value] of Object.entries(optimizer.groups?.[0]?.settings ?? {})) put(`${name}: ${key}`, value);
    if ((optimizer.groups?.length ?? 0) > 1) put(`${name}: ${strings.setTo.groups}`, optimizer.groups?.length);
  }
  for (const [id, scheduler] of process.schedulers) put(id ? `${strings.setTo.scheduler} ${id}` : strings.setTo.scheduler, scheduler.class_name);
  for (const role of new Set(process.passes.map((pass) => pass.role ?? ""))) {
    const loader = process.loaders.get(process.passes.find((pass) => (pass.role ?? "") === role)?.loader ?? -1);
    if (!loader) continue;
    const name = `${strings.setTo.loader} ${role}`.trim();
    put(`${name}: ${strings.setTo.batchSize}`, loader.batch_size);
    put(`${name}: ${strings.setTo.samples}`, loader.dataset.length);
    put(`${name}: ${strings.setTo.order}`, strings.shuffled[String(loader.shuffle ?? null)]);
    put(`${name}: ${strings.setTo.workers}`, loader.workers ?? 0);
  }
  const loss = [...process.losses.values()][0];
  if (loss) {
    put(strings.setTo.loss, loss.function);
    put(`${strings.setTo.loss}: reduction`, loss.reduction);
    for (const [key, value] of Object.entries(loss.settings ?? {})) put(`${strings.setTo.loss}: ${key}`, value);
  }
  return found;
}

/** The layers of the first model, a line each. */
export function layersOf(run: Run): string[] {
  const model = lastOf(run) && [...(lastOf(run)?.models.values() ?? [])][0];
  return (model?.parts ?? []).map((part) => {
    const own = (model?.parameters ?? []).filter((parameter) => parameter.name === `${part.name}.weight`).map((parameter) => ` ${parameter.shape.join("×")}`);
    const facts = Object.entries(part.facts ?? {}).filter(([, value]) => value !== null).map(([key, value]) => `${key}=${String(value)}`);
    return `${part.name ? `${part.name}: ` : ""}${part.class_name}${own.join("")}${facts.length ? ` (${facts.join(", ")})` : ""}`;
  });
}

const NUMBERS = new Set(["model", "loader", "loss", "optimizer", "number", "batch_of", "scheduler"]);

/** What most steps of a run did, an operation a line. */
export function loopOf(run: Run): string[] {
  const process = lastOf(run);
  const counts = new Map<number, number>();
  for (const stretch of process?.stretches ?? []) counts.set(stretch.anatomy, (counts.get(stretch.anatomy) ?? 0) + stretch.count);
  const most = [...counts].reduce<[number, number]>((best, one) => (one[1] > best[1] ? one : best), [-1, 0])[0];
  const anatomy = process?.anatomies.get(most) ?? process?.newest;
  return (anatomy?.blocks ?? []).flatMap((block) => block.ops.map((op) => `${(block.times ?? 1) > 1 ? `${block.times} × ` : ""}${process ? said(process, op) : op.op}`));
}

function said(process: Process, op: Op): string {
  const facts = op.facts ?? {};
  const who = process.models.get(Number(facts["model"] ?? -1))?.class_name ?? process.losses.get(Number(facts["loss"] ?? -1))?.function ?? process.optimizers.get(Number(facts["optimizer"] ?? -1))?.class_name ?? "";
  const rest = Object.entries(facts).filter(([key, value]) => !NUMBERS.has(key) && value !== null).map(([key, value]) => `${key.replaceAll("_", " ")}: ${String(value)}`);
  return `${op.op}${who ? ` ${who}` : ""}${rest.length ? ` (${rest.join(", ")})` : ""}`;
}

/** Files of two runs to be compared: of the same name, or the only one of each. */
export function sourcePairs(run: Run, other: Run): { file: string; one: string[]; other: string[] }[] {
  const linesOf = (of: Run) => new Map((of.manifest.sources ?? []).map((source) => [source.file, source.lines.map((line) => line.map((token) => token.t).join(""))] as const));
  const [mine, theirs] = [linesOf(run), linesOf(other)];
  const pairs = [...mine].flatMap(([file, one]) => (theirs.has(file) ? [{ file, one, other: theirs.get(file) ?? [] }] : []));
  if (pairs.length || mine.size !== 1 || theirs.size !== 1) return pairs;
  const [[file, one], [name, second]] = [[...mine][0] ?? ["", []], [...theirs][0] ?? ["", []]] as [[string, string[]], [string, string[]]];
  return [{ file: `${file}, ${name}`, one, other: second }];
}

/** The last life of the first process: how the run ended up. */
const lastOf = (run: Run): Process | undefined => run.processes.filter((process) => process.rank === 0 && process.watched).at(-1);
