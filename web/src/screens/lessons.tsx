// The answers of `gd why`, bound to this run: what was seen, what broke, and what people say.

import { useState } from "preact/hooks";
import { Chart } from "../glyphs/curve.tsx";
import { Empty, Link, Prose, Table } from "../glyphs/parts.tsx";
import { Picture } from "../glyphs/pixels.tsx";
import { option } from "../place.ts";
import { run } from "../state.ts";
import { strings } from "../strings.ts";
import type { Answer, ClaimFound, Figure as FigureBlock, Picture as PictureBlock } from "../types.ts";
import { toNumber } from "../worked/numbers.ts";

type Block = NonNullable<Answer["see"]>[number];

export function LessonsScreen() {
  const answers = run.value?.manifest.answers ?? [];
  const chosen = answers.find((answer) => answer.topic === option("topic")) ?? answers[0];
  return (
    <>
      <div class="panel"><h2>{strings.lessonsTitle}</h2>{!chosen && <Empty>{strings.noLessons}</Empty>}
        {answers.length > 1 && <ul>{answers.map((answer) => (
          <li key={answer.topic}><Link to={{ screen: "lessons", set: { topic: answer.topic } }} current={answer === chosen}>{answer.question}</Link></li>
        ))}</ul>}
      </div>
      {chosen && <Lesson answer={chosen} key={chosen.topic} />}
    </>
  );
}

function Lesson({ answer }: { answer: Answer }) {
  const { see = [], broken = [], claims = [], sources = [] } = answer;
  return (
    <article class="panel lesson">
      <h3 class="question">{answer.question}</h3>
      <p><Prose>{answer.short}</Prose></p>
      {answer.says && <p class="quiet">{answer.says}</p>}
      {see.length > 0 && <section><h4>{strings.seeIt}</h4><Blocks blocks={see} /></section>}
      {broken.length > 0 && <section><h4>{strings.breakIt}</h4><Blocks blocks={broken} /></section>}
      {claims.length > 0 && <section><h4>{strings.claims}</h4><ul class="claims">{claims.map((claim, i) => <Claim claim={claim} key={i} />)}</ul></section>}
      {answer.replay && <p class="quiet">{answer.replay}</p>}
      {sources.length > 0 && <details><summary>{strings.sources}</summary><ul>{sources.map((source, i) => <li key={i}>{source.title} <span class="quiet">{source.url}</span></li>)}</ul></details>}
    </article>
  );
}

/** Judge first, then see what was measured. Nothing is kept. */
function Claim({ claim }: { claim: ClaimFound }) {
  const [answer, setAnswer] = useState<string | null>(null);
  const { verdict } = claim;
  return (
    <li>
      <p class="claim">“{claim.claim}”</p>
      {answer === null ? (
        <p class="choices"><span class="quiet">{strings.claimAsk}</span>
          {Object.entries(strings.verdicts).map(([key, name]) => <button type="button" onClick={() => setAnswer(key)} key={key}>{name}</button>)}
          <button type="button" class="plain quiet" onClick={() => setAnswer("")}>{strings.reveal}</button>
        </p>
      ) : (
        <p role="status"><b class={answer === verdict || !answer ? "same" : "other"}>{answer && answer === verdict ? `✓ ${strings.right} ` : ""}{strings.verdicts[verdict] ?? verdict}</b>: <Prose>{claim.because}</Prose></p>
      )}
    </li>
  );
}

export function Blocks({ blocks }: { blocks: readonly Block[] }) {
  return <>{blocks.map((block, i) => <One block={block} key={i} />)}</>;
}

function One({ block }: { block: Block }) {
  const note = "note" in block && block.note && <p class="quiet">{block.note}</p>;
  switch (block.block) {
    case "text":
      return block.code ? <pre class="snippet"><code>{block.text}</code></pre> : <p><Prose>{block.text}</Prose></p>;
    case "table":
      return <><Table caption={block.title} head={block.head} rows={block.rows} align={block.align ?? ""} />{note}</>;
    case "figure":
      return <><Figure block={block} />{note}</>;
    case "picture":
      return <><Pictures block={block} />{note}</>;
    case "failure":
      return <div class="failure"><h4>{block.title}</h4><pre class="snippet"><code>{block.error}</code></pre><p>{block.meaning}</p></div>;
  }
}

function Figure({ block }: { block: FigureBlock }) {
  const lines = block.curves.map((curve) => ({
    name: curve.name,
    buckets: curve.values.flatMap((value, i) => {
      const [first, mean] = [block.xs?.[i] ?? i + 1, toNumber(value)];
      return mean === null || !Number.isFinite(first) ? [] : [{ first, count: 1, low: mean, mean, high: mean }];
    }),
  }));
  return <Chart title={block.title} lines={lines} logarithmic={block.log ?? false} />;
}

const MOST_PIXELS = 2 ** 20;

function Pictures({ block }: { block: PictureBlock }) {
  const [n, c, h, w] = block.shape;
  const captions = block.captions ?? [];
  if (!(n * c * h * w > 0) || n * c * h * w > MOST_PIXELS) return null;
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(block.pixels), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
  return (
    <figure>
      <figcaption>{block.title}</figcaption>
      <ul class="grid wide">{Array.from({ length: Math.min(n, 64) }, (_, i) => <li key={i}><Picture bytes={bytes} offset={i * c * h * w} planes={c} width={w} height={h} name={captions[i] ?? String(i)} /><span aria-hidden="true">{captions[i]}</span></li>)}</ul>
    </figure>
  );
}
