// Where a run comes from. Everything else of the page does not know.

import type { Beside, Event, Manifest } from "../types.ts";

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
  /** A run that this one is compared with: GIVEN, or one of those beside it. Its blobs are asked for here. */
  other(id: string): TraceSource;
  /** The runs beside this one; only where somebody can look for them. */
  beside?(): Promise<Beside[]>;
  /** The whole page as one file, alone ("") or with another run; only where somebody can make it. */
  page?(other: string): Promise<ArrayBuffer>;
  /** Calls back whenever there may be something new, until what it returns is called; only where the run may go on. */
  onChange?(told: () => void): () => void;
}

/** The run to compare with that the manifest names. */
export const GIVEN = "given";

/** What the element `gd-source` says. */
export type Told =
  | { kind: "http" }
  | { kind: "embedded"; data: string; blobs: Record<string, string>; other?: string }
  | { kind: "frame"; data: string; blobs: Record<string, string>; other?: string; place?: string };

export class SourceError extends Error {}
