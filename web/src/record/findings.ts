// Findings of the rules, bound to places of the run.

import type { Shown } from "../types.ts";
import type { Run } from "./run.ts";

export interface Finding extends Shown {
  index: number;
}

export function findingsOf(run: Run): Finding[] {
  return (run.manifest.findings ?? []).map((finding, index) => ({ ...finding, index }));
}

export function findingsAt(findings: readonly Finding[], file: string, line: number): Finding[] {
  return findings.filter((finding) => finding.file === file && finding.line === line);
}
