// What the rules found: a card each, with the numbers, the line, why, the fix, and the proof.

import { Chart, points } from "../glyphs/curve.tsx";
import { Empty, Link, Prose } from "../glyphs/parts.tsx";
import { numberOption } from "../place.ts";
import type { Finding } from "../record/findings.ts";
import { trainingOf } from "../record/operations.ts";
import { findings, looked, run } from "../state.ts";
import { strings } from "../strings.ts";
import { toNumber } from "../worked/numbers.ts";

export function FindingsScreen() {
  const manifest = run.value?.manifest;
  const all = findings.value;
  const chosen = numberOption("finding");
  const reasons = Object.entries(manifest?.not_checked ?? {});
  return (
    <>
      <div class="panel"><h2>{strings.findingsTitle}</h2>{!all.length && <Empty>{manifest?.checked ? strings.noFindings : strings.notCheckedYet}</Empty>}
        {all.length > 0 && <p>{strings.findings(all.length)}</p>}
      </div>
      {all.map((finding) => <Card finding={finding} chosen={finding.index === chosen} key={finding.index} />)}
      {reasons.length > 0 && <details class="panel"><summary>{strings.judged}: {reasons.length}</summary><ul>{reasons.map(([rule, reason]) => <li key={rule}>{strings.because(rule, reason)}</li>)}</ul></details>}
    </>
  );
}

/** The step that was looked at nearest to a finding's first one, and its operation on that line. */
function placeOf(finding: Finding): { step: number; op: number; set?: Record<string, string> } | null {
  const step = looked.value.find((one) => one >= (finding.step ?? 0)) ?? looked.value.at(-1);
  const look = step === undefined ? undefined : run.value?.looks.get(step);
  if (step === undefined || !look) return null;
  const at = trainingOf(look).find((operation) => operation.site?.file === finding.file && operation.site?.line === finding.line);
  // The fix may go to a line on which nothing runs in a step: where the model is made, say.
  return at || !finding.line ? { step, op: at?.index ?? 0 } : { step, op: 0, set: { line: String(finding.line), file: finding.file ?? "" } };
}

function Card({ finding, chosen }: { finding: Finding; chosen: boolean }) {
  const to = placeOf(finding);
  const { severity } = finding;
  return (
    <article class={`panel finding-card ${severity} ${chosen ? "here" : ""}`} aria-current={chosen || undefined} ref={(element) => { if (chosen) element?.scrollIntoView({ block: "nearest" }); }}>
      <h3 class={`severity ${severity}`}><span aria-hidden="true">{strings.severityIcon[severity]}</span> {strings.severities[severity]}: {finding.rule}</h3>
      <p class="finding-message">{finding.message}</p>
      <p class="quiet">{strings.times(finding.count ?? 1)}{(finding.step ?? 0) > 0 ? `, ${strings.firstAt(finding.step ?? 0)}` : ""}</p>
      {finding.file && <><h4>{strings.where}</h4><p class="exact">{strings.inFile(finding.file, finding.line ?? 0)}</p><pre class="snippet"><code>{finding.source}</code></pre></>}
      {finding.why && <><h4>{strings.why}</h4><p><Prose>{finding.why}</Prose></p></>}
      {finding.fix && <><h4>{strings.fix}</h4><pre class="snippet"><code>{finding.fix}</code></pre></>}
      {finding.fine && <details><summary>{strings.fine}</summary><p class="prose"><Prose>{finding.fine}</Prose></p></details>}
      {Object.keys(finding.evidence ?? {}).length > 0 && (
        <details><summary>{strings.evidence}</summary><dl class="evidence">{Object.entries(finding.evidence ?? {}).map(([key, value]) => <div key={key}><dt>{key.replaceAll("_", " ")}</dt><dd>{told(value)}</dd></div>)}</dl></details>
      )}
      {finding.proof && <Proof proof={finding.proof} />}
      {finding.note && <p class="quiet">{finding.note}</p>}
      {to && <p class="more"><Link to={{ screen: "step", ...to }}>{strings.showMe} →</Link></p>}
    </article>
  );
}

function told(value: unknown): string {
  if (Array.isArray(value)) return value.map(told).join(", ");
  return typeof value === "number" ? strings.number(value) : String(value);
}

function Proof({ proof }: { proof: Record<string, (string | number | null)[]> }) {
  const lines = Object.entries(proof).map(([name, values]) => ({ name, buckets: points(values.map((value, i) => [i + 1, toNumber(value) ?? Number.NaN] as const)) }));
  const last = (i: number) => lines[i]?.buckets.at(-1)?.mean ?? null;
  return (
    <>
      {lines.length === 2 && <p>{strings.proofSays(lines[0]?.name ?? "", last(0), lines[1]?.name ?? "", last(1))}</p>}
      <Chart title={strings.proof} lines={lines} />
    </>
  );
}
