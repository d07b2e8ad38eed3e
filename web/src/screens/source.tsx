// The user's own file: the line that runs now, which phase each line belongs to, and findings.

import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { go, numberOption, option } from "../place.ts";
import { findingsAt } from "../record/findings.ts";
import type { Operation } from "../record/operations.ts";
import { findings, operation, operations, sources, toOp } from "../state.ts";
import { strings } from "../strings.ts";
import type { Source } from "../types.ts";

/** Of a long file the neighbourhood of what runs is shown. */
const MOST_LINES = 1200;

export function SourceView() {
  const here = operation.value;
  const site = here?.site;
  const asked = numberOption("line");
  const file = (asked === null ? undefined : option("file")) ?? site?.file ?? operations.value.find((other) => other.site)?.site?.file;
  const source = sources.value.find((one) => one.file === file);
  const files = [...new Set(operations.value.map((other) => other.site?.file).filter((name) => name !== undefined))];
  return (
    <>
      <h2>{strings.source}</h2>
      <p class="file-name"><bdi>{file ?? ""}</bdi>{site?.via_file ? <span class="quiet"> {strings.through(site.via_file, site.via_line ?? 0)}</span> : null}</p>
      {!site && <p class="quiet">{strings.noSite}</p>}
      {source ? <Lines source={source} line={site?.file === file ? (site?.line ?? 0) : 0} asked={asked} /> : site && <NoSource line={site.line} text={site.source ?? ""} />}
      {files.length > 1 && (
        <p class="files">{files.map((name) => (
          <button type="button" class={`plain ${name === file ? "here" : ""}`} onClick={() => toOp(operations.value.find((other) => other.site?.file === name)?.index ?? 0)} key={name}>
            <bdi>{name.split("/").at(-1)}</bdi>
          </button>
        ))}</p>
      )}
    </>
  );
}

function NoSource({ line, text }: { line: number; text: string }) {
  return (
    <>
      <pre class="source"><code><span class="line now"><span class="line-number">{line}</span><span class="marks" /><span class="code">{text}</span></span></code></pre>
      <p class="quiet">{strings.noSource}</p>
    </>
  );
}

/** asked: a line that a finding is about, where it is not the one that runs. */
function Lines({ source, line, asked }: { source: Source; line: number; asked: number | null }) {
  const box = useRef<HTMLPreElement>(null);
  const byLine = new Map<number, Operation[]>();
  for (const other of operations.value) {
    if (other.site?.file !== source.file) continue;
    const known = byLine.get(other.site.line);
    if (known) known.push(other);
    else byLine.set(other.site.line, [other]);
  }
  useEffect(() => {
    const now = box.current?.querySelector<HTMLElement>(asked === null ? ".now" : ".asked");
    // Not scrollIntoView: it would move the whole page too.
    if (now && box.current) box.current.scrollTop = now.offsetTop - box.current.offsetTop - box.current.clientHeight / 2 + now.clientHeight / 2;
  }, [line, source.file, asked]);
  const first = source.first ?? 1;
  return (
    <pre class="source" ref={box} tabIndex={0}>
      <code>
        {source.lines.slice(0, MOST_LINES).map((tokens, i) => {
          const number = first + i;
          const own = byLine.get(number) ?? [];
          const wrong = findingsAt(findings.value, source.file, number);
          if (!own.length && !wrong.length && number !== line && number !== asked) return plainLine(tokens, number);
          const shown = own.find((other) => other.index === operation.value?.index) ?? own[0];
          return (
            <span class={`line ${number === line ? "now" : ""} ${number === asked ? "asked" : ""} ${own.length ? "runs" : ""}`} key={number} aria-current={number === line ? "step" : undefined}>
              <span class="line-number">{number}</span>
              <span class="marks">
                {wrong[0] && (
                  <button type="button" class={`mark finding ${wrong[0].severity}`} onClick={() => go({ screen: "findings", set: { finding: String(wrong[0]?.index ?? 0) } })} aria-label={`${strings.severityIcon[wrong[0].severity]} ${strings.findingHere(wrong[0].rule)}`} title={wrong[0].message}>
                    {strings.severityIcon[wrong[0].severity]}
                  </button>
                )}
                {shown && (
                  <button type="button" class={`mark phase-${shown.phase}`} onClick={() => toOp(next(own).index)} title={strings.lineOps(number, own.length)} aria-label={`${strings.phaseMark[shown.phase]}: ${strings.phases[shown.phase]}, ${strings.lineOps(number, own.length)}`}>
                    {strings.phaseMark[shown.phase]}
                  </button>
                )}
              </span>
              <Code tokens={tokens} />
            </span>
          );
        })}
      </code>
    </pre>
  );
}

type Tokens = Source["lines"][number];

function Code({ tokens }: { tokens: Tokens }) {
  return <span class="code">{tokens.length ? tokens.map((token, j) => <span class={token.k ? `token-${token.k}` : undefined} key={j}>{token.t}</span>) : " "}</span>;
}

function PlainLine({ tokens, number }: { tokens: Tokens; number: number }) {
  return <span class="line"><span class="line-number">{number}</span><span class="marks" /><Code tokens={tokens} /></span>;
}

/** The very same from key to key: Preact passes over a component that it is given a second time. */
const plain = new WeakMap<Tokens, VNode>();

function plainLine(tokens: Tokens, number: number): VNode {
  const known = plain.get(tokens);
  if (known) return known;
  const made = <PlainLine tokens={tokens} number={number} key={number} />;
  plain.set(tokens, made);
  return made;
}

/** A click on the line that runs now goes through its operations. */
function next(own: readonly Operation[]): Operation {
  const at = own.findIndex((other) => other.index === operation.value?.index);
  return own[(at + 1) % own.length] as Operation;
}
