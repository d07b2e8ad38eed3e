// The answers of `gd why`, bound to this run: what was seen, what broke, and what people say.

import { useState } from "preact/hooks";
import { Chart } from "../glyphs/curve.tsx";
import { Empty, Link, Prose, Table } from "../glyphs/parts.tsx";
import { Picture } from "../glyphs/pixels.tsx";
import { option } from "../place.ts";
import { isObject } from "../record/run.ts";
import { run } from "../state.ts";
import { strings } from "../strings.ts";
import { type Recorded, toNumber } from "../worked/numbers.ts";

type Dict = Record<string, unknown>;
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const dicts = (value: unknown): Dict[] => list(value).filter(isObject);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

export function LessonsScreen() {
  const answers = dicts(run.value?.manifest.answers);
  const chosen = answers.find((answer) => answer["topic"] === option("topic")) ?? answers[0];
  return (
    <>
      <div class="panel"><h2>{strings.lessonsTitle}</h2>{!chosen && <Empty>{strings.noLessons}</Empty>}
        {answers.length > 1 && <ul>{answers.map((answer) => (
          <li key={text(answer["topic"])}><Link to={{ screen: "lessons", set: { topic: text(answer["topic"]) } }} current={answer === chosen}>{text(answer["question"])}</Link></li>
        ))}</ul>}
      </div>
      {chosen && <Lesson answer={chosen} key={text(chosen["topic"])} />}
    </>
  );
}

function Lesson({ answer }: { answer: Dict }) {
  const see = dicts(answer["see"]);
  const broken = dicts(answer["broken"]);
  const claims = dicts(answer["claims"]);
  return (
    <article class="panel lesson">
      <h3 class="question">{text(answer["question"])}</h3>
      <p><Prose>{text(answer["short"])}</Prose></p>
      {text(answer["says"]) && <p class="quiet">{text(answer["says"])}</p>}
      {see.length > 0 && <section><h4>{strings.seeIt}</h4><Blocks blocks={see} /></section>}
      {broken.length > 0 && <section><h4>{strings.breakIt}</h4><Blocks blocks={broken} /></section>}
      {claims.length > 0 && <section><h4>{strings.claims}</h4><ul class="claims">{claims.map((claim, i) => <Claim claim={claim} key={i} />)}</ul></section>}
      {text(answer["replay"]) && <p class="quiet">{text(answer["replay"])}</p>}
      {dicts(answer["sources"]).length > 0 && <details><summary>{strings.sources}</summary><ul>{dicts(answer["sources"]).map((source, i) => <li key={i}>{text(source["title"])} <span class="quiet">{text(source["url"])}</span></li>)}</ul></details>}
    </article>
  );
}

/** Judge first, then see what was measured. Nothing is kept. */
function Claim({ claim }: { claim: Dict }) {
  const [answer, setAnswer] = useState<string | null>(null);
  const verdict = text(claim["verdict"]);
  return (
    <li>
      <p class="claim">“{text(claim["claim"])}”</p>
      {answer === null ? (
        <p class="choices"><span class="quiet">{strings.claimAsk}</span>
          {Object.entries(strings.verdicts).map(([key, name]) => <button type="button" onClick={() => setAnswer(key)} key={key}>{name}</button>)}
          <button type="button" class="plain quiet" onClick={() => setAnswer("")}>{strings.reveal}</button>
        </p>
      ) : (
        <p role="status"><b class={answer === verdict || !answer ? "same" : "other"}>{answer && answer === verdict ? `✓ ${strings.right} ` : ""}{strings.verdicts[verdict] ?? verdict}</b>: <Prose>{text(claim["because"])}</Prose></p>
      )}
    </li>
  );
}

function Blocks({ blocks }: { blocks: readonly Dict[] }) {
  return <>{blocks.map((block, i) => <Block block={block} key={i} />)}</>;
}

function Block({ block }: { block: Dict }) {
  const note = text(block["note"]) && <p class="quiet">{text(block["note"])}</p>;
  switch (block["block"]) {
    case "text":
      return block["code"] === true ? <pre class="snippet"><code>{text(block["text"])}</code></pre> : <p><Prose>{text(block["text"])}</Prose></p>;
    case "table":
      return <><Table caption={text(block["title"])} head={list(block["head"]).map(String)} rows={list(block["rows"]).map((row) => list(row).map(String))} />{note}</>;
    case "figure":
      return <><Figure block={block} />{note}</>;
    case "picture":
      return <><Pictures block={block} />{note}</>;
    case "failure":
      return <div class="failure"><h4>{text(block["title"])}</h4><pre class="snippet"><code>{text(block["error"])}</code></pre><p>{text(block["meaning"])}</p></div>;
    default:
      return null;
  }
}

function Figure({ block }: { block: Dict }) {
  const xs = list(block["xs"]).map((x) => toNumber(x as Recorded) ?? Number.NaN);
  const lines = dicts(block["curves"]).map((curve) => ({
    name: text(curve["name"]),
    buckets: list(curve["values"]).flatMap((value, i) => {
      const [first, mean] = [xs[i] ?? i + 1, toNumber(value as Recorded)];
      return mean === null || !Number.isFinite(first) ? [] : [{ first, count: 1, low: mean, mean, high: mean }];
    }),
  }));
  return <Chart title={text(block["title"])} lines={lines} logarithmic={block["log"] === true} />;
}

const MOST_PIXELS = 2 ** 20;

function Pictures({ block }: { block: Dict }) {
  const [n = 0, c = 0, h = 0, w = 0] = list(block["shape"]).map(Number);
  const captions = list(block["captions"]).map(String);
  if (!(n * c * h * w > 0) || n * c * h * w > MOST_PIXELS) return null;
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(text(block["pixels"])), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
  return (
    <figure>
      <figcaption>{text(block["title"])}</figcaption>
      <ul class="grid wide">{Array.from({ length: Math.min(n, 64) }, (_, i) => <li key={i}><Picture bytes={bytes} offset={i * c * h * w} planes={c} width={w} height={h} name={captions[i] ?? String(i)} /><span aria-hidden="true">{captions[i]}</span></li>)}</ul>
    </figure>
  );
}
