// What was seen, gathered from the events: who took part, and the steps that were looked at closely.
// As goingdeep.record.reading does: any sequence of events is fine, what refers to nothing is left out.

import type {
  Anatomy, Ended, Epoch, Event, Failed, Finished, FirstBatch, Gap, Interrupted, Loader, LookBackward,
  LookBatch, LookCall, LookClear, LookLoss, LookStep, LossFunction, Manifest, Model, Optimizer, Pass,
  Scheduler, Site, Steps,
} from "../types.ts";

export type LookEvent = LookBatch | LookCall | LookLoss | LookBackward | LookStep | LookClear;

/** One process of a run, or one life of it between two resumes: numbers count anew in each. */
export class Process {
  readonly sites = new Map<number, Site>();
  readonly models = new Map<number, Model>();
  readonly optimizers = new Map<number, Optimizer>();
  readonly schedulers = new Map<number, Scheduler>();
  readonly loaders = new Map<number, Loader>();
  readonly losses = new Map<number, LossFunction>();
  readonly anatomies = new Map<number, Anatomy>();
  readonly stretches: Steps[] = [];
  readonly passes: Pass[] = [];
  watched = false;
  /** The anatomy written last: that of a step whose stretch is still going on. */
  newest: Anatomy | undefined;

  constructor(readonly rank: number) {}

  /** Which step of its own an optimizer did as this step of all; undefined where it was another's. */
  ownStep(optimizer: number, step: number): number | undefined {
    const own = this.stretches.filter((stretch) => stretch.optimizer === optimizer);
    const here = own.find((stretch) => stretch.first <= step && step <= stretch.last);
    if (!here) return undefined;
    const before = own.filter((stretch) => stretch.last < here.first).reduce((count, stretch) => count + stretch.count, 0);
    // Steps of several optimizers alternate: a stretch of one has the others' in between, evenly.
    const apart = here.count > 1 ? (here.last - here.first) / (here.count - 1) : 1;
    const inside = (step - here.first) / apart;
    return Number.isInteger(inside) ? before + inside + 1 : undefined;
  }

  anatomyOf(step: number): Anatomy | undefined {
    const own = this.stretches.find((s) => s.first <= step && step <= s.last && s.count === s.last - s.first + 1)
      ?? this.stretches.find((s) => s.first <= step && step <= s.last);
    return own ? this.anatomies.get(own.anatomy) : this.newest;
  }
}

export interface Look {
  step: number;
  process: Process;
  training: LookEvent[];
  evaluation: LookEvent[];
}

const PARTS = ["site", "model", "optimizer", "scheduler", "loader", "loss-function"] as const;
const LOOKS: ReadonlySet<string> = new Set(["look-batch", "look-call", "look-loss", "look-backward", "look-step", "look-clear"]);

/** Grows event by event, so that a run can be read while it goes on. */
export class Run {
  readonly processes: Process[] = [];
  /** Steps of rank 0 that were looked at, by step. */
  readonly looks = new Map<number, Look>();
  readonly epochs: Epoch[] = [];
  readonly gaps: Gap[] = [];
  firstBatch: FirstBatch | undefined;
  end: Ended | Failed | Finished | Interrupted | undefined;
  failure: Failed | Interrupted | Ended | undefined;
  planned = 0;
  steps = 0;
  private last = -1;

  constructor(public manifest: Manifest) {
    const plan = manifest.run["plan"];
    if (isObject(plan) && typeof plan["steps"] === "number") this.planned = plan["steps"];
  }

  /** Seq of the newest event taken. */
  get newest(): number {
    return this.last;
  }

  add(events: readonly Event[]): void {
    for (const event of events) {
      if (event.seq <= this.last) continue;
      this.last = event.seq;
      this.take(event);
    }
  }

  /** Steps with a close look at training, in order. */
  get looked(): number[] {
    return [...this.looks.values()].filter((look) => look.training.length).map((look) => look.step).sort((a, b) => a - b);
  }

  /** The evaluation that was looked at after a training step and before the next one that was. */
  evaluationAfter(step: number): Look | undefined {
    const next = this.looked.find((other) => other > step) ?? Number.POSITIVE_INFINITY;
    const process = this.looks.get(step)?.process;
    return [...this.looks.values()].filter((look) => look.evaluation.length && look.process === process && look.step >= step && look.step < next).sort((a, b) => a.step - b.step)[0];
  }

  get classNames(): string[] {
    const data = this.manifest.run["data"];
    const names = isObject(data) ? data["class_names"] : undefined;
    return Array.isArray(names) ? names.map(String) : [];
  }

  get name(): string {
    return String(this.manifest.run["name"] ?? "run");
  }

  private take(event: Event): void {
    const rank = event.rank ?? 0;
    if (rank === 0) this.steps = Math.max(this.steps, event.step ?? 0);
    const process = this.processOf(event, rank);
    if ((PARTS as readonly string[]).includes(event.kind)) {
      this.takePart(process, event);
      return;
    }
    if (LOOKS.has(event.kind)) {
      process.watched = true;
      if (rank === 0) this.takeLook(process, event as LookEvent);
      return;
    }
    switch (event.kind) {
      case "anatomy":
        process.watched = true;
        process.anatomies.set(event.id, event);
        process.newest = event;
        break;
      case "steps":
        if (event.first >= 1 && event.count >= 1 && event.count <= event.last - event.first + 1) process.stretches.push(event);
        break;
      case "pass":
        process.passes.push(event);
        break;
      case "epoch":
        if (rank === 0) this.epochs.push(event);
        break;
      case "gap":
        this.gaps.push(event);
        break;
      case "first-batch":
        this.firstBatch ??= event;
        break;
      case "started":
        this.planned = event.steps;
        break;
      case "resumed":
        this.forget(event.step ?? 0);
        break;
      case "ended":
        if (event.error) this.failure ??= event;
        this.end = event;
        break;
      case "failed":
      case "interrupted":
        this.failure = event;
        this.end = event;
        break;
      case "finished":
        this.failure = undefined;
        this.end = event;
        break;
      default:
        break;
    }
  }

  private takePart(process: Process, event: Event): void {
    process.watched = true;
    switch (event.kind) {
      case "site": process.sites.set(event.id, event); break;
      case "model": process.models.set(event.id, event); break;
      case "optimizer": process.optimizers.set(event.id, event); break;
      case "scheduler": process.schedulers.set(event.id, event); break;
      case "loader": process.loaders.set(event.id, event); break;
      case "loss-function": process.losses.set(event.id, event); break;
      default: break;
    }
  }

  private takeLook(process: Process, event: LookEvent): void {
    let look = this.looks.get(event.look);
    if (!look || look.process !== process) {
      look = { step: event.look, process, training: [], evaluation: [] };
      this.looks.set(event.look, look);
    }
    (event.phase === undefined || event.phase === "training" ? look.training : look.evaluation).push(event);
  }

  private processOf(event: Event, rank: number): Process {
    const mine = this.processes.filter((process) => process.rank === rank).at(-1);
    const begins = event.kind === "started" || event.kind === "resumed";
    if (mine && !(begins && mine.watched)) return mine;
    const fresh = new Process(rank);
    this.processes.push(fresh);
    return fresh;
  }

  /** After a resume from a step, what was recorded after it is void. */
  private forget(step: number): void {
    for (const looked of this.looks.keys()) if (looked > step) this.looks.delete(looked);
    for (let i = this.epochs.length - 1; i >= 0; i--) if ((this.epochs[i]?.step ?? 0) > step) this.epochs.splice(i, 1);
    this.end = undefined;
    this.failure = undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
