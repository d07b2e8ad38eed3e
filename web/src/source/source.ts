// Where a run comes from. Everything else of the page does not know.

import type { Event, Manifest } from "../types.ts";

export interface Answer {
  events: Event[];
  next: number;
  /** Whether there is more already. */
  more: boolean;
  revision: string;
  /** Which run this is: another one may be written to the folder of the first. */
  run: string;
}

export interface TraceSource {
  manifest(): Promise<Manifest>;
  events(after: number): Promise<Answer>;
  blob(ref: string): Promise<ArrayBuffer>;
  /** The run that this one is compared with, where the manifest names one; its blobs are asked for here. */
  other(): TraceSource;
  /** The whole page as one file; only where somebody can make it. */
  page?(): Promise<ArrayBuffer>;
  /** Calls back whenever there may be something new; only where the run may go on. */
  onChange?(told: () => void): void;
}

/** What the element `gd-source` says. */
export type Told =
  | { kind: "http" }
  | { kind: "embedded"; data: string; blobs: Record<string, string>; other?: string }
  | { kind: "frame"; data: string; blobs: Record<string, string>; other?: string; place?: string };

export class SourceError extends Error {}
