// Walks over loaders, of all lives of a run: what was lost in each, on average.

import type { Pass } from "../types.ts";
import type { Run } from "./run.ts";

export const passesOf = (run: Run): Pass[] => run.processes.filter((process) => process.rank === 0).flatMap((process) => process.passes);

/** What passes were for ("training", "evaluation"), where a loss is known of them. */
export const rolesOf = (runs: readonly Run[]): string[] => [...new Set(runs.flatMap((run) => passesOf(run).filter((pass) => pass.loss != null).map((pass) => pass.role ?? "")))];

/** The mean loss of each pass of a role, counted from 1. */
export const lossesOf = (run: Run, role: string): [number, number][] =>
  passesOf(run).filter((pass) => (pass.role ?? "") === role && typeof pass.loss === "number").map((pass, i) => [i + 1, pass.loss as number]);
