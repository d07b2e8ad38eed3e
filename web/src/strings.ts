// Every word that the page says, in one table.

import type { Op, Values } from "./types.ts";
import { type Recorded, toNumber } from "./worked/numbers.ts";
import { show } from "./worked/update.ts";
import { spelled } from "./worked/shapes.ts";

/** With commas at the thousands; one formatter, for making one takes longer than a screen may. */
const grouped = new Intl.NumberFormat("en").format;

const many = (count: number, thing: string, things = `${thing}s`): string =>
  `${grouped(count)} ${count === 1 ? thing : things}`;

/** Five digits that count, as in a sentence of the record. */
function number(value: Recorded): string {
  const n = toNumber(value);
  if (n === null) return typeof value === "string" ? value : "not recorded";
  if (!Number.isFinite(n)) return show(n);
  if (Number.isInteger(n) && Math.abs(n) < 1e7) return grouped(n).replace(/-/g, "−");
  const size = Math.abs(n);
  const text = size >= 1e-4 && size < 1e7 ? String(Number(n.toPrecision(5))) : n.toExponential(3).replace(/\.?0+e/, "e");
  return text.replace(/-/g, "−");
}

/** Without an exponent, down to what is too small to be read at all. */
const plain = (value: number): string => (value < 1e-7 ? value.toExponential(1) : value.toFixed(9).replace(/\.?0+$/, ""));

function percent(share: Recorded): string {
  const n = toNumber(share);
  if (n === null) return "not recorded";
  const value = 100 * n;
  if (!Number.isFinite(value)) return `${show(value)} %`;
  return `${value > 0 && value < 1 ? plain(Number(value.toPrecision(2))) : grouped(Number(value.toFixed(1)))} %`;
}

const GRADIENTS: Record<string, string> = { none: "None", zero: "zero", value: "with values" };
const SETTINGS: Record<string, string> = { lr: "learning rate" };

export const strings = {
  grouped,
  number,
  percent,
  many,

  // ------------------------------------------------------------------ the frame
  title: (run: string) => `${run} · Going Deep`,
  brand: "Going Deep",
  train: "TRAIN",
  eval: "EVAL",
  trainIcon: "▶",
  evalIcon: "◼",
  modeUnknown: "mode not recorded",
  stepOf: (step: number, all: number) => `step ${grouped(step)} of ${grouped(all)}`,
  stepBack: "the step looked at before",
  stepOn: "the next step looked at",
  lookedAt: "step looked at closely",
  findings: (count: number) => (count ? many(count, "finding") : "no findings"),
  notChecked: "not checked",
  predict: "Predict first",
  predictHelp: "Asks what will come out before it is shown. Nothing is kept.",
  theme: "Theme",
  themes: { auto: "as the system", light: "light", dark: "dark" } as Record<string, string>,
  help: "Help",
  exportName: "Export",
  exportTitle: "Keep what is shown",
  exportPage: "The whole page as one file, which works offline",
  carries: (files: readonly string[], looks: number, pictures: boolean) =>
    `In it: ${many(looks, "close look")}${pictures ? " with pictures of samples" : ""}${files.length ? `, the source of ${files.join(", ")}` : ""}, and what else is on this page.`,
  tableOf: (title: string) => `${title}, as a table`,
  nothingToExport: "There is no chart and no table on this screen.",
  notSaved: "This could not be saved.",
  close: "Close",
  keysTitle: "Keys",
  keys: [
    ["← →", "operation before, operation after"],
    ["Shift ← →", "phase before, phase after"],
    ["PgUp PgDn", "training step before, after"],
    ["Home End", "first and last operation of the step"],
    ["F", "next finding"],
    ["P", "predict first, on and off"],
    ["?", "this help"],
  ] as [string, string][],
  words: [
    ["close look", "a step at which shapes, numbers, gradients and updates were all recorded; a few steps of each run are looked at"],
    ["phase", "batch, forward, loss, backward, step, clear: the parts of one training step"],
    ["exact", "the very number PyTorch had; other numbers are rounded for reading"],
  ] as [string, string][],
  wordsTitle: "Words",
  addressNote: "The address names the place: copy it to come back here.",
  skip: "Skip to the screen",
  screensLabel: "Screens",
  screens: {
    step: "Step", batch: "Batch", layers: "Layers", loss: "Loss", backward: "Backward", optimizer: "Optimizer",
    modes: "Train and eval", curves: "Curves", results: "Results", findings: "Findings", lessons: "Lessons",
    data: "Data", compare: "Compare",
  } as Record<string, string>,
  states: {
    running: "running",
    finished: "finished",
    dead: "The program that wrote this run is gone, and it did not say how it ended. This is what it had recorded.",
  } as Record<string, string>,
  failed: (error: string, message: string) => `The run ended with ${error}${message ? `: ${message}` : ""}.`,
  live: "live",
  soFar: (step: number) => `step ${grouped(step)}`,
  reading: "Reading the run …",
  notRead: "The run could not be read.",
  unauthorised: "This page was opened without its key. Open the address that gd view printed.",
  newerSchema: (theirs: number) => `This page reads schema 1, and the run has ${theirs}: open it with a newer Going Deep.`,
  nothingLooked: "No step of this run was looked at closely, so there is nothing to step through.",
  nothingLookedFix: "gd run script.py and gd train (without --no-watch) look closely at some steps.",
  noSuchStep: (step: number, nearest: number) =>
    `Step ${grouped(step)} was not looked at closely. This is step ${grouped(nearest)}, the nearest that was.`,
  notRecorded: "not recorded",
  notes: "About this record",
  gap: (what: string, reason: string) => `Not observed: ${what} (${reason}).`,

  // ------------------------------------------------------------------ the player
  source: "Your source",
  noSource: "The source of this line was not kept.",
  noSite: "No line of your source is known for this operation.",
  inFile: (file: string, line: number) => `${file}, line ${line}`,
  through: (file: string, line: number) => `through ${file}, line ${line}`,
  lineOps: (line: number, count: number) => `line ${line}: ${many(count, "operation")}`,
  phases: { batch: "batch", forward: "forward", loss: "loss", backward: "backward", step: "step", clear: "clear" } as Record<string, string>,
  /** In the gutter, where room is short. */
  phaseMark: { batch: "bat", forward: "fwd", loss: "los", backward: "bwd", step: "stp", clear: "clr" } as Record<string, string>,
  phaseOps: (phase: string, count: number) => (count === 1 ? phase : `${phase}: ${count} operations`),
  opOf: (index: number, all: number) => `${index + 1} of ${all}`,
  back: "Back",
  on: "Next",
  before: "before",
  after: "after",
  operation: "operation",
  evaluationAfter: (step: number) => `the evaluation after step ${grouped(step)}, its first batch`,
  backToTraining: "back to the training step",
  evaluation: "Evaluation",
  training: "Training step",
  now: "What exists now",
  changed: "changed",
  changedHere: "changed by this operation",
  madeBy: (index: number) => `made by operation ${index + 1}`,
  thereBefore: "there before this step",
  things: {
    mode: "mode", activation: "activation", scores: "scores (logits)", loss: "loss", gradients: "gradients",
    parameters: "parameters", state: "optimizer's memory",
  },
  batchPart: (name: string, values: Values) => {
    if (name === "0") return "x, inputs";
    if (name === "1") return /^u?int/.test(values.dtype) ? "y, labels" : "y, targets";
    return /^\d+$/.test(name) ? `tensor ${name}` : name;
  },
  tensor: (values: Values) => `${spelled(values.shape) || "one number"} (${values.dtype.replace("torch.", "")})`,
  gradientCounts: (counts: Record<string, number>) => {
    const parts = Object.entries(counts).filter(([, n]) => n > 0).map(([kind, n]) => `${n} ${GRADIENTS[kind] ?? kind}`);
    return parts.length ? parts.join(", ") : "not recorded";
  },
  parametersBefore: (count: number) => many(count, "tensor"),
  parametersAfter: (moved: number, count: number) => `${moved} of ${many(count, "tensor")} moved`,
  inWords: "This step in words",
  summary: (step: number, count: number) => `Step ${grouped(step)}, ${many(count, "operation")}:`,
  notInStep: {
    batch: "This step took no batch from a loader.", layers: "No module was called in this step.", loss: "No loss function was called in this step.",
    backward: "There was no backward in this step.", optimizer: "No optimizer did a step here.",
  } as Record<string, string>,
  notLooked: "This operation was seen, but not looked at closely.",
  noSentence: (phase: string) => `${phase}, without words`,
  plainOp: (op: Op): string => {
    const facts = op.facts ?? {};
    switch (op.op) {
      case "mode": return facts["training"] ? "the model is put into training mode" : "the model is put into evaluation mode";
      case "clip": return `gradients are clipped${facts["limit"] != null ? ` to ${String(facts["how"] ?? "norm")} at most ${number(facts["limit"] as Recorded)}` : ""}`;
      case "schedule": return "the scheduler sets the learning rate for the next step";
      case "scale": return "the loss is multiplied by the GradScaler's scale";
      case "unscale": return "gradients are divided by the GradScaler's scale";
      case "step-scaled": return facts["skipped"] ? "the GradScaler skips the step: gradients were not finite" : "the GradScaler allows the step";
      case "update": return "the GradScaler adapts its scale";
      case "grad": return "torch.autograd.grad: .grad stays as it is";
      case "load": return "weights are loaded";
      case "save": return "something is saved";
      default: return op.op;
    }
  },
  gradientsOf: (count: number) => many(count, "gradient"),
  contains: (count: number) => `the model itself; the next ${many(count, "operation")} happen inside it`,
  batchRule: "the loader stacks samples; N counts them",
  rules: {
    Flatten: (a: readonly number[], b: readonly number[]) => `${a.slice(1).join(" × ")} = ${b.at(-1) ?? ""}, N stays`,
    Linear: (a: readonly number[], b: readonly number[]) => `each of the ${b.at(-1) ?? ""} outputs is a sum over all ${a.at(-1) ?? ""} inputs`,
    Conv2d: (_a: readonly number[], b: readonly number[]) => `each of the ${b[1] ?? ""} channels out looks through its own small window`,
    ReLU: () => "below 0 becomes 0, the rest stays",
    Dropout: () => "in training some values become 0 at random, the others grow to make up for it",
    BatchNorm2d: () => "each channel is shifted and scaled to mean 0 and variance 1, then by its own two weights",
    MaxPool2d: () => "of each small window the largest value is kept",
    Sequential: () => "runs one layer after the other",
  } as Record<string, (a: readonly number[], b: readonly number[]) => string>,
  sameNumbers: "the same numbers in another arrangement",
  loss1: "all scores and labels become one number",
  backwardRule: "from the loss back through the graph: each parameter gets a gradient of its own shape",
  stepRule: (optimizer: string) => `${optimizer} moves each weight against its gradient`,
  clearRule: "the gradients must not be added to those of the next batch",
  range: (low: Recorded, high: Recorded) => `from ${number(low)} to ${number(high)}`,
  mean: "mean",
  std: "std",
  shareOfZeros: "zeros",
  zeros: (share: Recorded) => `${percent(share)} are 0`,
  nonFinite: (count: number) => `${many(count, "value")} not finite`,
  sampled: (count: number) => `of ${many(count, "value")} looked at`,
  tracked: "autograd follows it",
  statistics: "In numbers",
  picture: (sample: number, label: string) => `sample ${sample}${label ? `, ${label}` : ""}`,
  pictureNote: "Pictures are rounded to 256 greys, for the eye only.",
  weightAt: (name: string, at: readonly number[]) => `${name}[${at.join(", ")}]`,
  gradient: "gradient",
  change: "change",
  more: {
    batch: "See the whole batch", forward: "Work one number out", loss: "Work the loss out", backward: "See all gradients",
    step: "Work one weight out", clear: "See the gradients",
  } as Record<string, string>,
  moreLayer: "See the layer",
  findingHere: (rule: string) => `finding: ${rule}`,

  // ------------------------------------------------------------------ predict
  ask: {
    shape: "Which shape comes out?",
    grow: "One weight has this value and this gradient. Where does the step move it?",
    loss: (classes: number, of = "batch") => `Guessing among ${classes} classes costs ${number(Math.log(classes))} nats. Is the loss of this ${of} higher or lower?`,
    gradients: "How many of the gradients are there after backward?",
    cleared: "What is left of the gradients after this?",
  },
  answers: {
    up: "up", down: "down", stays: "stays", higher: "higher", lower: "lower", all: "all of them", some: "some of them", noneOf: "none of them",
    none: "None", zero: "zeros", value: "values, as before",
  } as Record<string, string>,
  guessFirst: "What comes out of this operation?",
  right: "Right.",
  wrong: (right: string) => `It is: ${right}.`,
  skipQuestion: "Show it",

  // ------------------------------------------------------------------ batch
  batchTitle: "Batch",
  batchSays: (shape: string) => `One batch is one tensor: ${shape}.`,
  axisNames: { N: "samples in this batch", C: "channels", H: "height", W: "width", F: "features" } as Record<string, string>,
  sample: "sample",
  label: "label",
  choose: (sample: number, label: string) => `sample ${sample}${label ? `: ${label}` : ""}`,
  chosenSample: (sample: number) => `Sample ${sample}`,
  pixel: (n: number, c: number, h: number, w: number, value: string) => `x[${n}, ${c}, ${h}, ${w}] ≈ ${value}`,
  pixelHelp: "Point at a pixel, or move with the arrow keys, to read its value.",
  channel: (c: number) => `channel ${c}`,
  firstOf: (shown: number, all: number) => `The first ${shown} of ${many(all, "sample")} were kept.`,
  asData: "As in the data set, first batch",
  asModel: "As the model got it",
  noPicture: "This batch is not made of pictures.",

  // ------------------------------------------------------------------ layers
  layersTitle: "Layers",
  layersSays: (count: number, parameters: number) => `${many(count, "module call")}, ${many(parameters, "parameter")} in all.`,
  parameters: (count: number) => (count ? many(count, "parameter") : "no parameters"),
  histogram: "How the values spread",
  histogramSays: (low: Recorded, high: Recorded, zeros: Recorded) => `Values from ${number(low)} to ${number(high)}, ${percent(zeros)} of them exactly 0.`,
  maps: (count: number) => `${many(count, "map")} of sample 0`,
  vector: (count: number) => `${many(count, "value")} of sample 0`,
  oneNumber: "One number worked out",
  output: (at: readonly number[]) => `output[${at.join(", ")}]`,
  inputAt: "input",
  weight: "weight",
  inputTimesWeight: "input × weight",
  product: "product",
  others: (count: number) => `${many(count, "other term")} sum to`,
  bias: "bias",
  sum: "sum",
  pytorch: "PyTorch",
  notWorked: "No number of this layer was recorded exactly, so there is none to work out.",
  largestTerms: (shown: number) => `The ${shown} largest terms; exact inputs and weights from the record.`,

  // ------------------------------------------------------------------ loss
  lossTitle: "The loss, worked out",
  lossSays: (sample: number, label: string) => `Sample ${sample}${label ? `, label ${label}` : ""}. The scores are exact, the rest is computed by this page.`,
  columns: { class: "class", score: "score", shifted: "minus the largest", exp: "exp", probability: "probability", log: "−log", gradient: "gradient", output: "output", target: "target", sigmoid: "sigmoid", loss: "loss" },
  rest: "the other classes together",
  lossLine: (probability: Recorded, loss: Recorded) => `−log(${number(probability)}) = ${number(loss)} nats`,
  sumLine: (value: Recorded) => `sum of exp: ${number(value)}`,
  pageSays: "these numbers give",
  agree: "equal, but for rounding",
  disagree: "not equal",
  noNumber: "there is no number to compare with",
  compare: (theirs: number, mine: number) => `PyTorch said ${show(theirs)}, these numbers give ${show(mine)}`,
  meanOver: (n: number, kept: number) => (kept < n ? `The loss is the mean over ${n} samples; ${kept} of them were kept here.` : `The loss is the mean over ${n} samples.`),
  lossesSay: (low: Recorded, high: Recorded, sample: number) => `The samples' losses lie between ${number(low)} and ${number(high)}; the largest is that of sample ${grouped(sample)}.`,
  lossesBad: "No sample's loss is finite.",
  lossesTable: "the samples' losses as a table",
  meanIs: "mean over the batch",
  sumIs: "sum over the batch",
  sortByLoss: "sort by loss",
  guessing: (classes: number) => `Guessing among ${classes} classes costs log ${classes} = ${number(Math.log(classes))} nats.`,
  probabilityOf: (loss: number) => `exp(−loss) = ${percent(Math.exp(-loss))}: the probability that the right class got, as a geometric mean over the batch.`,
  noRows: "The samples of this loss were not recorded one by one.",
  notWorkedLoss: (name: string) => `${name} is not a loss that this page works out. Its value stands in the record.`,
  weighted: "Weights are on, so the loss of one sample is not the plain one shown here.",
  takes: { binary_cross_entropy_with_logits: "score", binary_cross_entropy: "probability", mse_loss: "value" } as Record<string, string>,
  byOutput: {
    binary_cross_entropy_with_logits: "loss = −(target × log p + (1 − target) × log(1 − p)), with p = sigmoid(score)",
    binary_cross_entropy: "loss = −(target × log p + (1 − target) × log(1 − p))",
    mse_loss: "loss = (value − target)²",
  } as Record<string, string>,
  guessingHalf: {
    binary_cross_entropy_with_logits: "Saying 0.5 (a score of 0) costs log 2 = 0.69315 nats.",
    binary_cross_entropy: "Saying 0.5 costs log 2 = 0.69315 nats.",
  } as Record<string, string>,
  otherOutputs: (count: number) => many(count, "other output"),
  meanOfOutputs: (count: number, sum: Recorded, mean: Recorded) => `The mean over the ${grouped(count)} outputs: ${number(sum)} / ${grouped(count)} = ${number(mean)}.`,
  smoothed: (share: number, own: Recorded, spread: Recorded, loss: Recorded) =>
    `label smoothing ${number(share)}: ${number(1 - share)} × ${number(own)} + ${number(share)} × ${number(spread)} (the mean of −log over all classes) = ${number(loss)} nats`,
  inputIsLog: "nll_loss takes log-probabilities: no softmax is taken here.",

  // ------------------------------------------------------------------ backward
  backwardTitle: "Backward",
  backwardSays: (nodes: number) => (nodes ? `The graph had ${many(nodes, "node")}; it was walked from the loss back.` : "The graph was walked from the loss back."),
  firstLink: "The first link: how the loss changes with each score",
  firstLinkSays: (n: number, smoothing: number, classes: number) =>
    smoothing ? `(probability − target) / N, with N = ${n}; the target is ${number(1 - smoothing + smoothing / classes)} for the label and ${number(smoothing / classes)} for every other class (label smoothing ${number(smoothing)}).`
      : `(probability − 1 for the label) / N, with N = ${n}.`,
  firstLinkOf: {
    binary_cross_entropy_with_logits: "(sigmoid − target)", binary_cross_entropy: "(p − target) / (p × (1 − p))", mse_loss: "2 × (value − target)",
  } as Record<string, string>,
  firstLinkBy: (formula: string, n: number) => (n === 1 ? `${formula}; the loss is a sum.` : `${formula} / N, with N = ${grouped(n)}: all outputs of the batch.`),
  scoreGradient: "gradient at the scores",
  norm: "norm",
  largest: "largest",
  shape: "shape",
  state: "state",
  parameter: "parameter",
  stateNames: GRADIENTS,
  unreached: "not reached by the graph",
  frozen: "frozen",
  came: (nodes: readonly string[]) => `It began at ${nodes.join(", then ")}.`,
  beforeIt: (counts: string) => `Before it: ${counts}.`,
  gradientNorms: "Gradient norms",
  /** Heads of a file. */
  bins: ["from", "to", "count"],
  spreads: "How each gradient spreads",
  spreadsSay: "In 40 bins, as far below 0 as above; the dashed line is 0. Values that are exactly 0 are not counted. Of a large gradient 2,048 values, evenly spread over it.",
  spreadOf: (name: string, largest: Recorded, zeros: Recorded) => {
    const size = toNumber(largest) ?? 0;
    return `${name}: from ${number(-size)} to ${number(size)}${toNumber(zeros) ? `; ${percent(zeros)} are 0` : ""}`;
  },
  gradientSays: (largest: string, norm: Recorded) => `The largest norm is ${number(norm)}, of ${largest}.`,

  // ------------------------------------------------------------------ optimizer
  optimizerTitle: "Optimizer",
  optimizerSays: (optimizer: string, settings: string) => `${optimizer}: ${settings}.`,
  setting: (name: string, value: string | number | boolean | null) => `${SETTINGS[name] ?? name} ${typeof value === "number" ? number(value) : String(value)}`,
  whichWeight: "Which weight",
  weightTitle: (name: string, at: readonly number[]) => `${name}[${at.join(", ")}]`,
  lines: {
    decay: "weight, decayed", gradient: "gradient, as used", buffer: "momentum buffer", nesterov: "look ahead (Nesterov)",
    m: "m, mean of gradients", v: "v, mean of squares", vmax: "largest v", mhat: "m, corrected", vhat: "v, corrected",
    denominator: "divisor", change: "change", after: "weight after",
  } as Record<string, string>,
  beforeWeight: "weight before",
  gradientUsed: "gradient",
  notWorkedOptimizer: (name: string) => `${name} is not worked out here; SGD, Adam and AdamW are. What was recorded:`,
  stateAfter: (name: string) => `${name} afterwards`,
  updates: "How far each parameter moved",
  updatesSays: (name: string, ratio: Recorded) => `The largest change is ${percent(ratio)} of its weight, in ${name}.`,
  ratio: "change / weight",
  moved: "moved",
  unmoved: "did not move",
  clears: "Gradients before and after clear",
  window: (name: string, rows: number, columns: number, row: number, column: number) =>
    `${name}: ${rows} × ${columns} of its numbers, from row ${row}, column ${column}`,
  windowLegend: "Blue moved up, orange moved down; the stronger, the further.",
  windowHelp: "Choose a cell to work that weight out.",
  cell: (row: number, column: number, value: Recorded) => `row ${row}, column ${column}: ${number(value)}`,
  inGroup: (group: number) => `parameter group ${group}`,

  // ------------------------------------------------------------------ modes
  modesTitle: "Train and eval",
  modesSays: (training: number, evaluation: number) => `The same layers in both modes: in training at step ${grouped(training)}, and in the evaluation after step ${grouped(evaluation)}.`,
  afterStep: "evaluation after step",
  modesNone: "This run holds no close look at both a training step and an evaluation after it, so layers are shown in training only.",
  modesMatter: (count: number) => `${many(count, "layer")} of this model ${count === 1 ? "behaves" : "behave"} differently in the two modes.`,
  modesSame: "No layer of this model that was looked at behaves differently in the two modes.",
  modesLayers: "What came out of each layer, in both modes",
  sameSample: "The same samples in both modes",
  onACopy: (step: number) => `Measured by gd why eval on a copy of the model${step ? ` as it was at step ${grouped(step)}` : ""}: a model in use is never run a second time.`,
  askForIt: (run: string) => `Not measured yet: a model in use is never run a second time. gd why eval ${run} runs the same samples through a copy in both modes, and its answer appears here.`,
  maskSays: (all: number, dropped: number, passed: number, zero: number) =>
    `Of ${many(all, "value")} of sample 0, ${grouped(dropped)} were put out (filled), ${grouped(passed)} passed${zero ? `, ${grouped(zero)} had been 0 before` : ""}.`,
  normedBy: { batch: "It used the mean and variance of this batch.", running: "It used the running mean and variance." } as Record<string, string>,
  statisticsOf: "Statistics by channel",
  channelName: "channel",
  batchMean: "this batch's mean",
  batchVariance: "this batch's variance",
  runningMean: "running mean before",
  runningVariance: "running variance before",
  runningAfter: "and after",
  channelsKept: (shown: number, all: number, values: number) => `${shown < all ? `The first ${shown} of ${many(all, "channel")}` : many(all, "channel")}; ${many(values, "value")} of the batch in each.`,
  inTraining: "in training",
  inEvaluation: "in evaluation",
  differs: "behaves differently",
  samplesDiffer: "The batches are different ones, so compare how the layers behave, not single numbers.",
  sensitive: { dropout: "Dropout: on in training, off in evaluation", "batch-norm": "BatchNorm: this batch's statistics in training, the running ones in evaluation" } as Record<string, string>,

  // ------------------------------------------------------------------ curves
  curvesTitle: "Curves",
  curveNames: { loss: "loss", rate: "learning rate" } as Record<string, string>,
  curve: (name: string, optimizer: number) => `${name}, optimizer ${optimizer}`,
  curveSays: (name: string, first: Recorded, last: Recorded, low: Recorded, high: Recorded) => low !== null && low === high ? `${name}: ${number(low)} throughout.` :
    `${name}: ${number(first)} at first, ${number(last)} at last, between ${number(low)} and ${number(high)}.`,
  linesSay: (largest: string, high: Recorded, smallest: string, low: Recorded) => `At the end ${largest} is the largest with ${number(high)}, ${smallest} the smallest with ${number(low)}.`,
  curveBad: (step: number) => `From step ${grouped(step)} on it is not finite.`,
  asTable: "as a table",
  everyNth: (n: number) => `Every ${n}th row.`,
  marks: "The ticks are steps that were looked at closely: choose one to step through it.",
  epochScores: "Scores by epoch",
  epoch: "epoch",
  step: "step",
  logScale: "logarithmic",
  noCurves: "No curve was recorded.",
  thinned: "Thinned for this file; no lowest or highest value was dropped.",
  chartKeys: "Move with the arrow keys to read values.",
  at: (step: number, value: Recorded) => `step ${grouped(step)}: ${number(value)}`,
  bucket: (first: number, last: number, mean: Recorded, low: Recorded, high: Recorded) =>
    first === last ? `step ${grouped(first)}: ${number(mean)}`
      : `steps ${grouped(first)} to ${grouped(last)}: ${number(mean)} on average, from ${number(low)} to ${number(high)}`,
  lowest: "lowest",
  mean2: "mean",
  highest: "highest",
  gradientCurve: "gradient norms at the steps looked at",

  // ------------------------------------------------------------------ results
  resultsTitle: "Results",
  noResults: "This run has no result yet: it is tested when it has finished.",
  noResultsHere: "Only gd train tests its model at the end. What this program measured of itself is among the curves.",
  accuracy: (share: Recorded, n: number) => `${percent(share)} of ${many(n, "test image")} are classified rightly.`,
  interval: (low: Recorded, high: Recorded) => `95 % interval: ${percent(low)} to ${percent(high)}.`,
  confusion: "Which class is taken for which",
  confusionSays: (label: string, taken: string, count: number) => `Most often, ${label} is taken for ${taken}: ${many(count, "time")}.`,
  trueClass: "true class",
  takenFor: "taken for",
  shareOfRow: "share of the row",
  counts: "counts",
  perClass: "By class",
  precision: "precision",
  recall: "recall",
  f1: "F1",
  support: "images",
  calibration: "Is its confidence right?",
  calibrationSays: (ece: Recorded, after: Recorded, temperature: Recorded) =>
    `Confidence and share right differ by ${percent(ece)} on average${after == null ? "" : `, by ${percent(after)} after dividing the scores by temperature ${number(temperature)}`}.`,
  confidence: "confidence",
  shareRight: "share right",
  images: "images",
  worst: "The most confident mistakes",
  mistake: (label: string, prediction: string, probability: Recorded) => `${label}, taken for ${prediction} with ${percent(probability)}`,
  only: (label: string, prediction: string) => `Only ${label} taken for ${prediction}.`,
  showAll: "Show all",
  noLayersOf: "Which way these pictures took through the layers is not recorded: the test keeps only their scores.",
  layersOfOne: "It is recorded for the first picture of an evaluation that was looked at closely:",
  noneKept: "None of the pictures kept here.",

  // ------------------------------------------------------------------ findings
  findingsTitle: "Findings",
  noFindings: "The rules looked and found no mistake.",
  notCheckedYet: "The rules were not run on this record: gd check does it.",
  severities: { error: "error", warning: "warning", hint: "hint" } as Record<string, string>,
  severityIcon: { error: "✖", warning: "▲", hint: "●" } as Record<string, string>,
  where: "where",
  why: "why it hurts",
  fix: "how to fix it",
  fine: "when it is not a mistake",
  evidence: "what was observed",
  times: (count: number) => (count === 1 ? "once" : many(count, "time")),
  firstAt: (step: number) => `first at step ${grouped(step)}`,
  showMe: "Show me",
  proof: "Proof: the same moment, with and without the mistake",
  proofSays: (a: string, first: Recorded, b: string, second: Recorded) => `At the end: ${a} ${number(first)}, ${b} ${number(second)}.`,
  judged: "Not checked",
  because: (rule: string, reason: string) => `${rule}: ${reason}`,

  // ------------------------------------------------------------------ lessons
  lessonsTitle: "Lessons",
  noLessons: "No lesson was asked for in this run: gd why TOPIC answers one with an experiment on your own model.",
  verdicts: { true: "true", false: "false", "half true": "half true" } as Record<string, string>,
  claimAsk: "Is this true?",
  reveal: "Show what was measured",
  question: "Question",
  sources: "Sources",
  seeIt: "See it",
  breakIt: "Break it",
  claims: "What people say",

  // ------------------------------------------------------------------ data, compare
  dataTitle: "Data",
  noData: "Nothing is known of the data of this run.",
  passes: "Passes over loaders",
  passOf: (role: string) => role,
  labels: "Labels",
  labelsOf: (looked: number, all: number) => `Counted in ${grouped(looked)} of ${many(all, "batch", "batches")}.`,
  inputs: "Inputs",
  shuffled: { true: "shuffled", false: "in order", null: "order not known" } as Record<string, string>,
  compareTitle: "Compare two steps",
  compareSays: (a: number, b: number) => `Step ${grouped(a)} beside step ${grouped(b)}.`,
  withStep: "with step",
  oneLook: "Only one step of this run was looked at closely.",
  compareHow: (run: string) => `To compare two runs: gd view ${run} --with OTHER`,
  compareWith: "Compare with",
  noOther: "no other run",
  noneBeside: "There is no other run beside this one to compare it with.",
  /** "2026-11-27T15:31:02.123+00:00" to the minute, as it is written. */
  moment: (created: string) => created.slice(0, 16).replace("T", " "),
  compareRuns: "Compare two runs",
  compareRunsSay: (one: string, other: string) => `${one} beside ${other}: what each was set to, how its steps were done, and what came of it.`,
  thisRun: (name: string) => `${name} (this run)`,
  otherRun: (name: string) => `${name} (the other)`,
  outcome: {
    title: "What came of it", states: { running: "running", finished: "finished", dead: "gone without a word" },
    state: "state", steps: "steps", accuracy: "test accuracy (95 % interval)", findings: "findings",
    score: (part: string) => `last score, ${part}`,
    loss: (role: string) => `mean loss of the last pass, ${role}`,
  },
  settingsDiffer: (differing: number, all: number) => (differing ? `${differing} of ${many(all, "setting")} differ; the others are the same.` : `All ${many(all, "setting")} are the same.`),
  absent: "–",
  found: "found",
  loops: "Code",
  signs: (one: string, other: string) => `Lines with − are only in ${one}, with + only in ${other}.`,
  loopDiffers: "What most steps do",
  loopSame: "Most steps of both do the same, in the same order.",
  layersDiffer: "Layers",
  layersSame: "The layers are the same.",
  sourceSame: (file: string) => `${file} is the same in both.`,
  tooLong: (what: string) => `${what}: too much differs to be shown.`,
  scoreByEpoch: (part: string) => `${part}, by epoch`,
  lossByPass: "mean loss by pass",
  recallByClass: "Share found, by class (recall)",
  difference: "difference",
  points: (value: number) => (Number.isFinite(value) ? `${value > 0 ? "+" : value < 0 ? "−" : ""}${(100 * Math.abs(value)).toFixed(1)} points` : "not recorded"),
  samplesSeen: "samples",
  batches: "batches",
  order: "order",
  lossMean: "mean loss",
  settings: "Settings",
  settingName: "Setting",
  setTo: {
    data: "data", optimizer: "optimizer", groups: "parameter groups", scheduler: "scheduler", loader: "loader", loss: "loss",
    batchSize: "batch size", samples: "samples", order: "order", workers: "workers",
  },
  what: "what",
  how: "how",
  value: "value",
  origin: "from",
};
