// Cross-entropy of one sample, step by step, as a person would work it.

import { type Recorded, toNumber } from "./numbers.ts";

export interface LossWork {
  scores: number[];
  largest: number;
  shifted: number[];
  exps: number[];
  /** Of the classes that are not listed, relative to the largest score; 0 where all are. */
  restExp: number;
  sum: number;
  probabilities: number[];
  /** Place of the label among the scores; -1 where it is not listed. */
  target: number;
  loss: number | null;
}

/**
 * scores: of the classes that are listed. rest: logsumexp of the others. target: place of the label
 * among the listed. alreadyLog: the scores are log-probabilities (nll_loss): no softmax is taken.
 */
export function workLoss(scores: readonly Recorded[], target: number, rest: Recorded = null): LossWork {
  const values = scores.map((score) => toNumber(score) ?? Number.NaN);
  const others = toNumber(rest);
  const largest = values.reduce((a, b) => (Number.isNaN(b) || b > a ? b : a), others ?? Number.NEGATIVE_INFINITY);
  const shifted = values.map((value) => value - largest);
  const exps = shifted.map(Math.exp);
  const restExp = others === null ? 0 : Math.exp(others - largest);
  const sum = exps.reduce((a, b) => a + b, restExp);
  const probabilities = exps.map((value) => value / sum);
  const own = shifted[target];
  return {
    scores: values, largest, shifted, exps, restExp, sum, probabilities, target,
    loss: own === undefined ? null : Math.log(sum) - own,
  };
}

/** The gradient of a mean over n samples at this sample's scores: (softmax - onehot) / n. */
export function firstLink(work: LossWork, n: number): number[] {
  return work.probabilities.map((p, i) => (p - (i === work.target ? 1 : 0)) / n);
}
