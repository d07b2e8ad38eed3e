// Predict first: a question about what comes out, answered before it is shown. Nothing is kept.

import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { ShapeBox } from "../glyphs/shape.tsx";
import type { Operation } from "../record/operations.ts";
import { answered, operation, opKey, predicting } from "../state.ts";
import { strings } from "../strings.ts";
import type { Weight } from "../types.ts";
import { toNumber } from "../worked/numbers.ts";
import { guesses, spelled } from "../worked/shapes.ts";

export interface Question {
  text: string;
  given?: ComponentChildren;
  choices: string[];
  right: string;
}

/** null where there is nothing that one could work out beforehand. */
export function questionOf({ event }: Operation): Question | null {
  const { ask } = strings;
  switch (event?.kind) {
    case "look-call": {
      const right = event.outputs?.[0]?.shape;
      const choices = guesses(event).map(spelled);
      if (!right || choices.length < 2) return null;
      return { text: ask.shape, given: <><p>{event.class_name}</p>{event.inputs?.[0] && <ShapeBox shape={event.inputs[0].shape} />}</>, choices, right: spelled(right) };
    }
    case "look-loss": {
      const value = toNumber(event.value);
      const classes = event.input?.shape[1];
      if (value === null || !classes || event.function !== "cross_entropy") return null;
      return againstGuessing(value, classes);
    }
    case "look-backward": {
      const gradients = event.gradients ?? [];
      if (!gradients.length && !event.unreached?.length) return null;
      const there = gradients.filter((gradient) => (gradient.state ?? "value") === "value").length;
      const right = there === 0 ? "noneOf" : there === gradients.length && !event.unreached?.length ? "all" : "some";
      return { text: ask.gradients, choices: ["all", "some", "noneOf"].map(word), right: word(right) };
    }
    case "look-step": {
      const weight = event.weights?.[0];
      return weight ? whichWay(weight) : null;
    }
    case "look-clear": {
      const kinds = Object.keys(event.after ?? {});
      const kind = kinds.includes("value") ? "value" : kinds.includes("zero") ? "zero" : kinds.includes("none") ? "none" : "";
      return kind ? { text: ask.cleared, choices: ["none", "zero", "value"].map(word), right: word(kind) } : null;
    }
    default:
      return null;
  }
}

const word = (key: string): string => strings.answers[key] ?? key;

/** Where a step moves a weight. */
export function whichWay(weight: Weight): Question | null {
  const [before, after] = [toNumber(weight.before), toNumber(weight.after)];
  if (before === null || after === null || Number.isNaN(after)) return null;
  const given = (
    <dl>
      <dt>{strings.weightAt(weight.name, weight.at)}</dt><dd>{strings.number(weight.before)}</dd>
      <dt>{strings.gradient}</dt><dd>{strings.number(weight.gradient)}</dd>
    </dl>
  );
  return { text: strings.ask.grow, given, choices: ["up", "down", "stays"].map(word), right: word(after > before ? "up" : after < before ? "down" : "stays") };
}

/** Whether a loss in nats is more than that of guessing. of: whose it is, where not the batch's. */
export const againstGuessing = (value: number, classes: number, of?: string): Question =>
  ({ text: strings.ask.loss(classes, of), choices: [word("higher"), word("lower")], right: word(value > Math.log(classes) ? "higher" : "lower") });

/** Whether what comes out of the operation shown is still to be guessed. */
export function isHidden(): boolean {
  const here = operation.value;
  return predicting.value && here !== null && answered.value !== opKey.value && questionOf(here) !== null;
}

export function Ask({ question, children }: { question: Question; children: ComponentChildren }) {
  const [answer, setAnswer] = useState<string | null>(null);
  const name = useId();
  const answerWith = (choice: string) => {
    setAnswer(choice);
    answered.value = opKey.value;
  };
  useEffect(() => () => {
    answered.value = "";
  }, []);
  if (answer !== null) {
    const right = answer === question.right;
    return (
      <>
        <p class={`answer ${right ? "same" : "other"}`} role="status">
          {answer && <><span aria-hidden="true">{right ? "✓" : "≠"}</span> {right ? strings.right : strings.wrong(question.right)}</>}
        </p>
        {children}
      </>
    );
  }
  return (
    <fieldset class="ask" data-own-keys>
      <legend id={name}>{question.text}</legend>
      {question.given}
      <div class="choices">
        {question.choices.map((choice) => <button type="button" onClick={() => answerWith(choice)} key={choice}>{choice}</button>)}
      </div>
      <button type="button" class="plain quiet" onClick={() => answerWith("")}>{strings.skipQuestion}</button>
    </fieldset>
  );
}
