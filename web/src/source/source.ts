// Where a run comes from. Everything else of the page does not know.

import type { Event, Manifest } from "../types.ts";

export interface Answer {
  events: Event[];
  next: number;
  revision: string;
}

export interface TraceSource {
  manifest(): Promise<Manifest>;
  events(after: number): Promise<Answer>;
  blob(ref: string): Promise<ArrayBuffer>;
  /** Calls back whenever there may be something new; only where the run may go on. */
  onChange?(told: () => void): void;
}

/** What the element `gd-source` says. */
export type Told =
  | { kind: "http" }
  | { kind: "embedded"; data: string; blobs: Record<string, string> }
  | { kind: "frame"; data: string; blobs: Record<string, string>; place?: string };

export class SourceError extends Error {}
