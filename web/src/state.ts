// The run that is shown, and what follows from it and from the place.

import { computed, effect, signal } from "@preact/signals";
import type { Finding } from "./record/findings.ts";
import { findingsOf } from "./record/findings.ts";
import { evaluationOf, type Operation, trainingOf } from "./record/operations.ts";
import { type Look, Run } from "./record/run.ts";
import { go, option, place } from "./place.ts";
import type { TraceSource } from "./source/source.ts";
import { strings } from "./strings.ts";

export const problem = signal("");

/** One run and how it grows. It grows in place, so whoever reads it is told when it has grown. */
class Following {
  private readonly version = signal(0);
  private readonly held = signal<Run | null>(null);
  private source: TraceSource | undefined;
  private revision = "";
  private begun = "";
  private reading = false;

  get value(): Run | null {
    void this.version.value;
    return this.held.value;
  }

  /** Events first: a manifest that changes in between has another revision, and is read once more. */
  async begin(source: TraceSource): Promise<void> {
    this.source = source;
    const first = await source.events(-1);
    this.revision = first.revision;
    this.begun = first.run;
    const manifest = await source.manifest();
    if (manifest.schema !== undefined && manifest.schema > 1) {
      problem.value = strings.newerSchema(manifest.schema);
      return;
    }
    const fresh = new Run(manifest);
    fresh.add(first.events);
    this.held.value = fresh;
    await this.more(true);
    source.onChange?.(() => void this.more(false));
  }

  /** Take what is new: at the beginning everything, in as many answers as it takes. */
  private async more(first: boolean): Promise<void> {
    const known = this.held.peek();
    if (!this.source || !known || this.reading) return;
    this.reading = true;
    try {
      for (let again = true; again; ) {
        const answer = await this.source.events(known.newest);
        if (answer.run !== this.begun) {
          location.reload();
          return;
        }
        known.add(answer.events);
        again = answer.more;
        const changed = answer.revision !== this.revision;
        this.revision = answer.revision;
        if (changed) known.manifest = await this.source.manifest();
        if (answer.events.length || changed) this.version.value++;
      }
      problem.value = "";
    } catch (error) {
      if (first) throw error;
      problem.value = strings.notRead;
    } finally {
      this.reading = false;
    }
  }
}

export const run = new Following();
/** The run that it is compared with, where there is one. */
export const other = new Following();

let source: TraceSource | undefined;

export async function load(from: TraceSource): Promise<void> {
  source = from;
  try {
    await run.begin(from);
    if (run.value?.manifest.other) await other.begin(from.other());
  } catch (error) {
    problem.value = /: 401$/.test(String(error)) ? strings.unauthorised : `${strings.notRead} ${error instanceof Error ? error.message : ""}`;
  }
}

/** The page as one file, where somebody can make it: not in a file. */
export const wholePage = (): (() => Promise<ArrayBuffer>) | undefined => source?.page?.bind(source);

/** Bytes that the record refers to; each is asked for once. */
const blobs = new Map<string, Promise<ArrayBuffer>>();
export function blob(ref: string): Promise<ArrayBuffer> {
  let found = blobs.get(ref);
  if (!found) {
    found = source ? source.blob(ref) : Promise.reject(new Error("no source"));
    blobs.set(ref, found);
    found.catch(() => blobs.delete(ref));
  }
  return found;
}

// ------------------------------------------------------------------ what is shown

export const looked = computed<number[]>(() => {
  return run.value?.looked ?? [];
});

/** The step looked at that is nearest to the one asked for. */
export const look = computed<Look | null>(() => {
  const steps = looked.value;
  const asked = place.value.step ?? steps[0] ?? 0;
  const nearest = steps.reduce<number | null>((best, s) => (best === null || Math.abs(s - asked) < Math.abs(best - asked) ? s : best), null);
  return nearest === null ? null : (run.value?.looks.get(nearest) ?? null);
});

/** The evaluation that belongs to the step shown, where one was looked at. */
export const evaluation = computed<Look | undefined>(() => {
  return look.value ? run.value?.evaluationAfter(look.value.step) : undefined;
});

export const inEvaluation = computed(() => option("part") === "evaluation" && evaluation.value !== undefined);

export const operations = computed<Operation[]>(() => {
  const here = look.value;
  if (!here) return [];
  return inEvaluation.value && evaluation.value ? evaluationOf(evaluation.value) : trainingOf(here);
});

export const opIndex = computed(() => Math.min(Math.max(place.value.op ?? 0, 0), Math.max(operations.value.length - 1, 0)));
export const operation = computed<Operation | null>(() => operations.value[opIndex.value] ?? null);

export const findings = computed<Finding[]>(() => {
  return run.value ? findingsOf(run.value) : [];
});

export const predicting = computed(() => option("predict") === "1");

/** The operation whose question has been answered; a question comes again whenever one comes back. */
export const answered = signal("");
export const opKey = computed(() => `${look.value?.step}/${opIndex.value}/${inEvaluation.value}`);

export function toStep(to: number): void {
  go({ step: to, op: 0, set: { part: null, line: null, file: null } });
}

export function toOp(index: number): void {
  const here = look.value;
  if (here) go({ step: here.step, op: Math.min(Math.max(index, 0), operations.value.length - 1), set: { line: null, file: null } }, true);
}

effect(() => {
  const theme = option("theme");
  if (typeof document !== "undefined") document.documentElement.dataset["theme"] = theme === "dark" || theme === "light" ? theme : "auto";
});
