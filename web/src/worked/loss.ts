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
  /** −log of the label's probability, and its mean over all classes (null where not all are listed). */
  own: number | null;
  spread: number | null;
  /** Label smoothing: this share of the target is spread evenly over all classes. */
  smoothing: number;
  loss: number | null;
}

/**
 * scores: of the classes that are listed. rest: logsumexp of the others. target: place of the label
 * among the listed. smoothing: the loss is (1 - smoothing) * own + smoothing * spread, as PyTorch's.
 */
export function workLoss(scores: readonly Recorded[], target: number, rest: Recorded = null, smoothing = 0): LossWork {
  const values = scores.map((score) => toNumber(score) ?? Number.NaN);
  const others = toNumber(rest);
  const largest = values.reduce((a, b) => (Number.isNaN(b) || b > a ? b : a), others ?? Number.NEGATIVE_INFINITY);
  const shifted = values.map((value) => value - largest);
  const exps = shifted.map(Math.exp);
  const restExp = others === null ? 0 : Math.exp(others - largest);
  const sum = exps.reduce((a, b) => a + b, restExp);
  const probabilities = exps.map((value) => value / sum);
  const at = shifted[target];
  const own = at === undefined ? null : Math.log(sum) - at;
  const spread = others === null ? Math.log(sum) - shifted.reduce((a, b) => a + b, 0) / shifted.length : null;
  const mixed = own === null || spread === null ? null : (1 - smoothing) * own + smoothing * spread;
  return { scores: values, largest, shifted, exps, restExp, sum, probabilities, target, own, spread, smoothing, loss: smoothing ? mixed : own };
}

/** The gradient of a mean over n samples at this sample's scores: (softmax - target) / n. */
export function firstLink(work: LossWork, n: number): number[] {
  const even = work.smoothing / work.probabilities.length;
  return work.probabilities.map((p, i) => (p - (i === work.target ? 1 - work.smoothing : 0) - even) / n);
}
