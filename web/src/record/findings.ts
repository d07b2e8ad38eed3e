// Findings of the rules, bound to places of the run.

import type { Shown } from "../types.ts";

export interface Finding extends Shown {
  index: number;
}

export function numbered(findings: readonly Shown[]): Finding[] {
  return findings.map((finding, index) => ({ ...finding, index }));
}

export function findingsAt(findings: readonly Finding[], file: string, line: number): Finding[] {
  return findings.filter((finding) => finding.file === file && finding.line === line);
}
