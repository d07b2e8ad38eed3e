// Small parts that every screen uses.

import type { ComponentChildren } from "preact";
import { go, linkTo, type Place } from "../place.ts";
import { strings } from "../strings.ts";
import { agrees, type Recorded, toNumber } from "../worked/numbers.ts";

interface LinkProps {
  to: Partial<Omit<Place, "options">> & { set?: Record<string, string> };
  class?: string;
  current?: boolean;
  label?: string;
  children: ComponentChildren;
}

/** A link inside the page; also where the frame has no address of its own. */
export function Link({ to, children, current, label, class: className }: LinkProps) {
  return (
    <a
      href={linkTo(to)}
      class={className}
      aria-label={label}
      aria-current={current ? "page" : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}

/** What PyTorch said beside what this page computed, and whether they agree. */
export function Compared({ theirs, mine, scale }: { theirs: Recorded; mine: number | null; scale?: number }) {
  const said = toNumber(theirs);
  if (said === null || mine === null) return <p class="compared none">{mine === null ? strings.noNumber : `${strings.pageSays} ${strings.number(mine)}; ${strings.noNumber}`}</p>;
  const same = agrees(mine, said, scale);
  return (
    <p class={`compared ${same ? "same" : "other"}`}>
      <span aria-hidden="true">{same ? "✓" : "≠"}</span> {strings.compare(said, mine)}: <b>{same ? strings.agree : strings.disagree}</b>
    </p>
  );
}

interface TableProps {
  caption: string;
  head: ComponentChildren[];
  rows: ComponentChildren[][];
  hidden?: boolean;
  /** A letter a column: "l" for words; numbers stand to the right. */
  align?: string;
}

/** A table that scrolls by itself, so that the page never does sideways. */
export function Table({ caption, head, rows, hidden, align = "" }: TableProps) {
  const words = (j: number) => (align[j] === "l" ? "words" : undefined);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class={hidden ? "visually-hidden" : undefined}>{caption}</caption>
        <thead><tr>{head.map((cell, i) => (cell === "" ? <td key={i} /> : <th scope="col" class={words(i)} key={i}>{cell}</th>))}</tr></thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>{row.map((cell, j) => (j === 0 ? <th scope="row" key={j}>{cell}</th> : <td class={words(j)} key={j}>{cell}</td>))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A screen about a part that this step does not have. */
export function Missing({ title, children }: { title: string; children: ComponentChildren }) {
  return <div class="panel"><h2>{title}</h2><Empty>{children}</Empty></div>;
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** Text in which pieces between backticks are code. */
export function Prose({ children }: { children: string }) {
  const parts = children.split("`");
  return <>{parts.length % 2 ? parts.map((part, i) => (i % 2 ? <code key={i}>{part}</code> : part)) : children}</>;
}
