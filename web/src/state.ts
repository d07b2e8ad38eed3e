// The run that is shown, and what follows from it and from the place.

import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Finding } from "./record/findings.ts";
import { numbered } from "./record/findings.ts";
import { evaluationOf, type Operation, trainingOf } from "./record/operations.ts";
import { type Look, Run } from "./record/run.ts";
import { go, option, place } from "./place.ts";
import { GIVEN, type TraceSource } from "./source/source.ts";
import { strings } from "./strings.ts";
import type { Beside } from "./types.ts";

export const problem = signal("");

/** It has the source in it, and changes with every curve: it is not read with every step. */
const MANIFEST_MS = 3000;

/** One run and how it grows. It grows in place, so whoever reads it is told when it has grown. */
class Following {
  private readonly version = signal(0);
  private readonly held = signal<Run | null>(null);
  private source: TraceSource | undefined;
  private end: (() => void) | undefined;
  private over = false;
  private revision = "";
  private begun = "";
  private reading = false;
  private readAt = 0;

  /** problem: where it says that it cannot go on. */
  constructor(private readonly problem: Signal<string>) {}

  get value(): Run | null {
    void this.version.value;
    return this.held.value;
  }

  peek(): Run | null {
    return this.held.peek();
  }

  /** Nobody looks at it any more. */
  stop(): void {
    this.over = true;
    this.end?.();
  }

  /** Events first: a manifest that changes in between has another revision, and is read once more. */
  async begin(source: TraceSource): Promise<void> {
    this.source = source;
    const first = await source.events(-1);
    this.revision = first.revision;
    this.begun = first.run;
    const manifest = await source.manifest();
    this.readAt = performance.now();
    if (manifest.schema !== undefined && manifest.schema > 1) {
      this.problem.value = strings.newerSchema(manifest.schema);
      return;
    }
    const fresh = new Run(manifest);
    fresh.add(first.events);
    this.held.value = fresh;
    await this.more(true);
    if (!this.over) this.end = source.onChange?.(() => void this.more(false));
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
        const changed = answer.revision !== this.revision && performance.now() - this.readAt >= MANIFEST_MS;
        if (changed) {
          this.revision = answer.revision;
          known.manifest = await this.source.manifest();
          this.readAt = performance.now();
        }
        if (answer.events.length || changed) this.version.value++;
      }
      if (!this.over) this.problem.value = "";
    } catch (error) {
      if (first) throw error;
      if (!this.over) this.problem.value = strings.notRead;
    } finally {
      this.reading = false;
    }
  }
}

export const run = new Following(problem);

let source: TraceSource | undefined;

export async function load(from: TraceSource): Promise<void> {
  source = from;
  try {
    await run.begin(from);
  } catch (error) {
    problem.value = /: 401$/.test(String(error)) ? strings.unauthorised : notRead(error);
  }
}

const notRead = (error: unknown): string => `${strings.notRead} ${error instanceof Error ? error.message : ""}`;

// ------------------------------------------------------------------ the run it is compared with

/** Those that lie beside the run; null where nobody can look for them. */
export const beside = signal<Beside[] | null>(null);

export function lookBeside(): void {
  source?.beside?.().then((runs) => { beside.value = runs; }, () => undefined);
}

/** Which run it is: the one chosen on the page, or the one that was named; "" for none. */
export const otherId = computed(() => {
  const known = run.value;
  if (!known) return "";
  return (source?.beside && option("other")) || (known.manifest.other ? GIVEN : "");
});
export const otherProblem = signal("");
const compared = signal<Following | null>(null);
export const other = {
  get value(): Run | null {
    return compared.value?.value ?? null;
  },
};

effect(() => {
  const id = otherId.value;
  compared.peek()?.stop();
  otherProblem.value = "";
  if (!id || !source) {
    compared.value = null;
    return;
  }
  const following = new Following(otherProblem);
  compared.value = following;
  following.begin(source.other(id)).catch((error) => {
    if (compared.peek() === following) otherProblem.value = notRead(error);
  });
});

/** The page as one file, with what is compared, where somebody can make it: not in a file. */
export function wholePage(): (() => Promise<ArrayBuffer>) | undefined {
  const page = source?.page?.bind(source);
  return page && (() => page(otherId.peek()));
}

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

/**
 * A run that goes on says something new every second. What follows from it stays the very same where
 * it says the same, so that only what has changed is drawn again.
 */
function steady<T>(of: () => T): ReadonlySignal<T> {
  let [kept, text] = [undefined as T, ""];
  return computed(() => {
    const now = of();
    const written = JSON.stringify(now);
    if (written !== text) [kept, text] = [now, written];
    return kept;
  });
}

const manifest = computed(() => run.value?.manifest ?? null);
export const ready = computed(() => run.value !== null);
export const sources = steady(() => manifest.value?.sources ?? []);
export const classNames = steady<readonly string[]>(() => (manifest.value && run.peek()?.classNames) ?? []);
export const looked = steady<number[]>(() => run.value?.looked ?? []);

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

/** How much of the look is there: the newest may come in two parts. */
const lookSize = computed(() => (run.value ? (look.value?.training.length ?? 0) + (evaluation.value?.evaluation.length ?? 0) : 0));

export const operations = computed<Operation[]>(() => {
  const here = look.value;
  void lookSize.value;
  if (!here) return [];
  return inEvaluation.value && evaluation.value ? evaluationOf(evaluation.value) : trainingOf(here);
});

export const opIndex = computed(() => Math.min(Math.max(place.value.op ?? 0, 0), Math.max(operations.value.length - 1, 0)));
export const operation = computed<Operation | null>(() => operations.value[opIndex.value] ?? null);

export const findings = steady<Finding[]>(() => numbered(manifest.value?.findings ?? []));

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
