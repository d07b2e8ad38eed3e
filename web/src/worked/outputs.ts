// Losses in which each output has a target of its own, as PyTorch's documentation defines them.

import { type Recorded, toNumber } from "./numbers.ts";

/** What PyTorch does not let a logarithm fall below, and what it divides by at least. */
const LEAST_LOG = -100;
const LEAST_DIVISOR = 1e-12;

export interface Output {
  /** Exact: a score, a probability or a value, whatever the loss takes. */
  value: number;
  target: number;
  /** Where the loss takes a score: its sigmoid. */
  probability: number | null;
  loss: number;
  /** How the loss changes with the value. */
  slope: number;
}

type Work = (value: number, target: number) => Output;

const WORKED: Record<string, Work> = {
  binary_cross_entropy_with_logits: (value, target) => {
    const probability = 1 / (1 + Math.exp(-value));
    // −log(sigmoid) and −log(1 − sigmoid), without the rounding of a probability near 1.
    const tail = Math.log1p(Math.exp(-Math.abs(value)));
    const loss = target * (Math.max(-value, 0) + tail) + (1 - target) * (Math.max(value, 0) + tail);
    return { value, target, probability, loss, slope: probability - target };
  },
  binary_cross_entropy: (value, target) => {
    const log = (share: number) => Math.max(Math.log(share), LEAST_LOG);
    const loss = -(target * log(value) + (1 - target) * log(1 - value));
    return { value, target, probability: null, loss, slope: (value - target) / Math.max(value * (1 - value), LEAST_DIVISOR) };
  },
  mse_loss: (value, target) => ({ value, target, probability: null, loss: (value - target) ** 2, slope: 2 * (value - target) }),
};

export interface OutputsWork {
  outputs: Output[];
  /** Of the losses of outputs that are not listed. */
  rest: number;
  sum: number;
  mean: number;
}

export const byOutput = (name: string): boolean => Object.hasOwn(WORKED, name);

/** count: how many outputs the sample has. rest: sum of the losses of those that are not listed. */
export function workOutputs(name: string, values: readonly Recorded[], targets: readonly Recorded[], count: number, rest: Recorded = null): OutputsWork | null {
  const work = byOutput(name) ? WORKED[name] : undefined;
  if (!work || values.length !== targets.length) return null;
  const outputs = values.map((value, i) => work(toNumber(value) ?? Number.NaN, toNumber(targets[i]) ?? Number.NaN));
  const others = toNumber(rest) ?? 0;
  const sum = outputs.reduce((all, output) => all + output.loss, others);
  return { outputs, rest: others, sum, mean: sum / count };
}
