// Made by tools/make_types.py from the structs of src/goingdeep/record and view/contract.py.
// A number that is not finite is written as "nan", "inf" or "-inf", or null in statistics.

/** Asked after many steps of models that are all on the CPU: what else is there. count: 0 for none. */
export interface Accelerators {
  seq: number;
  kind: "accelerators";
  device?: string;
  count?: number;
  time: number;
  step?: number;
  rank?: number;
}

/** What happens from the end of one optimizer step to the end of the next one. */
export interface Anatomy {
  seq: number;
  kind: "anatomy";
  id: number;
  optimizer: number;
  blocks: Block[];
  left_out?: number;
  time: number;
  step?: number;
  rank?: number;
}

/** What a topic's experiment said on one run. */
export interface Answer {
  topic: string;
  question: string;
  short: string;
  run?: string;
  applies?: boolean;
  says?: string;
  replay?: string;
  step?: number;
  replayed?: number;
  see?: (Text | Table | Figure | Picture | Failure)[];
  broken?: (Text | Table | Figure | Picture | Failure)[];
  claims?: ClaimFound[];
  places?: Place[];
  sources?: Reading[];
  read_next?: string[];
  seconds?: number;
  fault?: string;
}

/** A run that lies beside the one shown. id: what a page asks for it by; created: when, in UTC. */
export interface Beside {
  id: string;
  name: string;
  created: string;
}

/** A typed array in `blobs/`: its content hash, dtype ("u1", "f4", "i8") and shape. */
export interface Blob {
  hash: string;
  dtype: string;
  shape: number[];
  pack?: string;
  at?: number;
}

/** Operations in order; `times`: how often they repeat before the next block. */
export interface Block {
  ops: Op[];
  times?: number;
}

/** A Dropout or BatchNorm, as module or function, was called in a way not seen before. */
export interface CallMode {
  seq: number;
  kind: "call-mode";
  function: string;
  site?: number;
  model?: number;
  module?: string;
  class_name?: string;
  training?: boolean;
  module_training?: boolean | null;
  root_training?: boolean | null;
  grad?: boolean;
  statistics?: boolean;
  trainable?: boolean | null;
  values?: number;
  p?: number | null;
  time: number;
  step?: number;
  rank?: number;
}

/** A checkpoint is whole on disk. reason: "time", "epoch", "moment" or "signal". */
export interface Checkpointed {
  seq: number;
  kind: "checkpoint";
  name: string;
  reason: string;
  seconds?: number;
  time: number;
  step?: number;
  rank?: number;
}

/** A belief and what the run says of it. because: a sentence with the numbers it rests on. */
export interface ClaimFound {
  claim: string;
  verdict: "false" | "half true" | "not measured" | "true";
  because: string;
  numbers?: Record<string, number | boolean | string | null>;
}

/** A line of a figure. values: one for each of the figure's xs, None where there is none. */
export interface Curve {
  name: string;
  values: (number | string | null)[];
}

/** A number by step. name: "loss", "rate", ... optimizer: whose steps are counted. */
export interface CurveOf {
  name: string;
  rows: Blob;
  optimizer?: number;
  rank?: number;
  thinned?: boolean;
}

/** A dataset as far as it can be known without reading from it. */
export interface Dataset {
  id: number;
  class_name: string;
  root: number;
  length?: number | null;
  iterable?: boolean;
  train?: boolean | null;
  indices?: string;
  shared?: Record<string, number>;
  transforms?: string[];
  random?: string[];
}

/** The watched program ended, or the watcher was taken off. */
export interface Ended {
  seq: number;
  kind: "ended";
  seconds: number;
  steps?: number;
  backwards?: number;
  forwards?: number;
  error?: string;
  message?: string;
  site?: number;
  time: number;
  step?: number;
  rank?: number;
}

/** One pass over the training part. */
export interface Epoch {
  seq: number;
  kind: "epoch";
  epoch: number;
  loss: number;
  rate: number;
  scores?: Record<string, number>;
  samples?: number;
  train_seconds?: number;
  test_seconds?: number;
  data_wait?: number;
  time: number;
  step?: number;
  rank?: number;
}

/** The processes of a job gave each other tensors, by a function that the program calls itself. */
export interface Exchange {
  seq: number;
  kind: "exchange";
  function: string;
  site?: number;
  values?: number;
  time: number;
  step?: number;
  rank?: number;
}

/** The run ended in an error. error: the class; message: its first line. */
export interface Failed {
  seq: number;
  kind: "failed";
  error: string;
  message: string;
  time: number;
  step?: number;
  rank?: number;
}

/** What PyTorch says of a mistake. error: its own words; where: the layer; meaning: in ours. */
export interface Failure {
  block: "failure";
  title: string;
  error: string;
  where?: string;
  meaning?: string;
}

/** Curves over the same xs. log: the y axis is meant to be logarithmic. */
export interface Figure {
  block: "figure";
  title: string;
  curves: Curve[];
  x?: string;
  y?: string;
  xs?: number[];
  log?: boolean;
  note?: string;
}

/** The run is complete. accuracy: on the test part, 0 to 1. */
export interface Finished {
  seq: number;
  kind: "finished";
  accuracy: number;
  seconds: number;
  time: number;
  step?: number;
  rank?: number;
}

/** The first samples of the first batch, as the model got them. */
export interface FirstBatch {
  seq: number;
  kind: "first-batch";
  images: Blob;
  labels: number[];
  batch: number[];
  time: number;
  step?: number;
  rank?: number;
}

/** The gradient at one sample's scores, exact. classes: which columns, where not all. */
export interface FirstLink {
  sample: number;
  values: (number | string)[];
  classes?: number[];
}

/** What could not be recorded, and why. */
export interface Gap {
  seq: number;
  kind: "gap";
  what: string;
  reason: string;
  time: number;
  step?: number;
  rank?: number;
}

/** One parameter after backward. state: "none", "zero" or "value"; norm: L2. */
export interface Gradient {
  model: number;
  name: string;
  state?: string;
  norm?: number | string;
  largest?: number | string;
  zeros?: number;
  non_finite?: number;
  sampled?: number;
  histogram?: number[];
}

/** One parameter group. owns: {number of a model: indices into its `parameters`}. */
export interface Group {
  settings?: Record<string, string | number | boolean | null>;
  owns?: Record<string, number[]>;
  unknown?: number;
}

/** The first tensor of the batches of a pass, over at most 32 batches. */
export interface Inputs {
  shape: number[];
  dtype: string;
  low?: number;
  high?: number;
  mean?: number;
  std?: number;
  whole?: boolean;
  channel_means?: number[];
  channel_stds?: number[];
  last_axis?: boolean;
  feature_stds?: [number, number];
}

/** The run was asked to stop and did so cleanly. */
export interface Interrupted {
  seq: number;
  kind: "interrupted";
  signal: string;
  time: number;
  step?: number;
  rank?: number;
}

/** Losses whose graph is still alive many steps later. alive: of the last `of` losses. */
export interface Kept {
  seq: number;
  kind: "graph-kept";
  site?: number;
  alive?: number;
  of?: number;
  time: number;
  step?: number;
  rank?: number;
}

/** Class labels of a pass: integers in one dimension, the second part of a batch. */
export interface Labels {
  batches: number;
  distinct: number;
  expected: number;
  counts?: Record<string, number>;
}

/** A DataLoader. */
export interface Loader {
  seq: number;
  kind: "loader";
  id: number;
  class_name: string;
  dataset: Dataset;
  site?: number;
  length?: number | null;
  batch_size?: number | null;
  sampler?: string;
  shuffle?: boolean | null;
  drop_last?: boolean;
  drops?: number;
  workers?: number;
  persistent?: boolean;
  worker_init?: boolean;
  seeded_generator?: boolean;
  made?: number;
  time: number;
  step?: number;
  rank?: number;
}

/** One backward. came_from: nodes from its root down, at most 8; nodes: how many the graph had. */
export interface LookBackward {
  seq: number;
  kind: "look-backward";
  value?: number | string | null;
  came_from?: string[];
  nodes?: number;
  before?: Record<string, number>;
  gradients?: Gradient[];
  unreached?: string[];
  left_out?: number;
  first?: FirstLink[];
  time: number;
  step?: number;
  rank?: number;
  look: number;
  phase?: string;
  site?: number;
  sentence?: string;
}

/** A batch as the loader gave it. names: where in the batch each tensor was ("0", "1", "image"). */
export interface LookBatch {
  seq: number;
  kind: "look-batch";
  loader?: number;
  names?: string[];
  tensors?: Values[];
  picture?: Blob | null;
  low?: number;
  high?: number;
  labels?: number[];
  time: number;
  step?: number;
  rank?: number;
  look: number;
  phase?: string;
  site?: number;
  sentence?: string;
}

/** One call of a module. index: order within the forward; depth: 0 is the model itself. */
export interface LookCall {
  seq: number;
  kind: "look-call";
  index: number;
  depth: number;
  model: number;
  module: string;
  class_name: string;
  training?: boolean;
  inputs?: Values[];
  outputs?: Values[];
  parameters?: number;
  facts?: Record<string, string | number | boolean | null>;
  histogram?: number[];
  maps?: Blob | null;
  maps_low?: number;
  maps_high?: number;
  worked?: Worked | null;
  normed?: Normed | null;
  mask?: string;
  time: number;
  step?: number;
  rank?: number;
  look: number;
  phase?: string;
  site?: number;
  sentence?: string;
}

/** Gradients after they were cleared: how many of each state. by: "optimizer", "module". */
export interface LookClear {
  seq: number;
  kind: "look-clear";
  by: string;
  number?: number;
  before?: Record<string, number>;
  after?: Record<string, number>;
  time: number;
  step?: number;
  rank?: number;
  look: number;
  phase?: string;
  site?: number;
  sentence?: string;
}

/** One call of a loss function. loss: its number. value: "nan" and "inf" are written as text. */
export interface LookLoss {
  seq: number;
  kind: "look-loss";
  loss: number;
  function: string;
  input?: Values | null;
  target?: Values | null;
  value?: number | string | null;
  rows?: Row[];
  losses?: Blob | null;
  time: number;
  step?: number;
  rank?: number;
  look: number;
  phase?: string;
  site?: number;
  sentence?: string;
}

/** One optimizer step. settings: of the first group (lr, momentum, ...) as they were for it. */
export interface LookStep {
  seq: number;
  kind: "look-step";
  optimizer: number;
  class_name?: string;
  settings?: Record<string, string | number | boolean | null>;
  updates?: Update[];
  weights?: Weight[];
  checksum?: string;
  strangers?: number;
  strangers_idle?: number;
  left_out?: number;
  windows?: Window[];
  time: number;
  step?: number;
  rank?: number;
  look: number;
  phase?: string;
  site?: number;
  sentence?: string;
}

/** One way in which a loss function was called; another way at the same line has another number. */
export interface LossFunction {
  seq: number;
  kind: "loss-function";
  id: number;
  function: string;
  site?: number;
  module?: string;
  reduction?: string;
  input?: number[];
  target?: number[];
  input_dtype?: string;
  target_dtype?: string;
  broadcast?: number[];
  settings?: Record<string, string | number | boolean | null>;
  came_from?: string[];
  came_from_sites?: number[];
  softmax_dim?: number | null;
  low?: number | null;
  high?: number | null;
  rows_sum_to_one?: boolean;
  zeros?: number;
  value?: number | null;
  target_low?: number | null;
  target_high?: number | null;
  ignored?: number;
  trailing?: number;
  trailing_value?: number | null;
  time: number;
  step?: number;
  rank?: number;
}

/** The losses of steps `first` and following, to the last bit; a curve may join neighbours. */
export interface Losses {
  seq: number;
  kind: "losses";
  first: number;
  values: number[];
  time: number;
  step?: number;
  rank?: number;
}

/** What a page is told first. */
export interface Manifest {
  run: Record<string, unknown>;
  state: "dead" | "finished" | "running";
  schema?: number;
  sources?: Source[];
  curves?: CurveOf[];
  findings?: Shown[];
  checked?: boolean;
  not_checked?: Record<string, string>;
  answers?: Answer[];
  results?: Results | null;
  notes?: string[];
  other?: string;
}

/** A test image that was classified wrongly. probability: of the class it was taken for. */
export interface Mistake {
  index: number;
  label: number;
  prediction: number;
  probability: number;
  loss?: number | null;
}

/** A module that was called from outside any other module. */
export interface Model {
  seq: number;
  kind: "model";
  id: number;
  class_name: string;
  site?: number;
  parts?: Part[];
  parameters?: Parameter[];
  left_out?: number;
  time: number;
  step?: number;
  rank?: number;
}

/** A module ran inside a model's forward and is none of its registered modules. */
export interface ModuleHidden {
  seq: number;
  kind: "module-hidden";
  class_name: string;
  inside: string;
  model?: number;
  site?: number;
  parameters?: number;
  trainable?: boolean;
  owned?: boolean;
  grad?: boolean;
  time: number;
  step?: number;
  rank?: number;
}

/** A module was built inside another's forward. count: in how many forwards so far. */
export interface ModuleMade {
  seq: number;
  kind: "module-made";
  class_name: string;
  inside: string;
  model?: number;
  site?: number;
  count?: number;
  parameters?: boolean;
  time: number;
  step?: number;
  rank?: number;
}

/** What a BatchNorm had to choose between, for its first channels, exact in float32. */
export interface Normed {
  channels: number;
  values: number;
  batch_mean: (number | string)[];
  batch_var: (number | string)[];
  running_mean?: (number | string)[];
  running_var?: (number | string)[];
  after_mean?: (number | string)[];
  after_var?: (number | string)[];
  used?: "batch" | "running";
}

/** One operation of a loop. */
export interface Op {
  op: string;
  site?: number;
  facts?: Record<string, string | number | boolean | null>;
}

/** An optimizer. site: where it was made. by_hand: there is none, the loop changes the weights. */
export interface Optimizer {
  seq: number;
  kind: "optimizer";
  id: number;
  class_name: string;
  site?: number;
  groups?: Group[];
  by_hand?: boolean;
  unknown_shapes?: number[][];
  time: number;
  step?: number;
  rank?: number;
}

/** One parameter of a model. tied_to: the name of an earlier one with the same storage. */
export interface Parameter {
  name: string;
  shape: number[];
  dtype?: string;
  device?: string;
  trainable?: boolean;
  tied_to?: string;
  model?: number;
  index?: number;
}

/** One module of a model. */
export interface Part {
  name: string;
  class_name: string;
  parameters?: number;
  sensitive?: string;
  facts?: Record<string, string | number | boolean | null>;
}

/** One walk over a loader, written when it ends or is given up. */
export interface Pass {
  seq: number;
  kind: "pass";
  id: number;
  loader: number;
  number: number;
  site?: number;
  role?: string;
  complete?: boolean;
  batches?: number;
  samples?: number;
  last_batch?: number;
  first_step?: number;
  last_step?: number;
  forwards?: number;
  backwards?: number;
  steps?: number;
  models?: number[];
  training_mode?: number;
  sensitive_training?: number;
  with_grad?: number;
  kept_graph?: number;
  losses?: number;
  loss?: number | null;
  order?: string;
  indices?: string;
  head?: string[];
  distinct?: number;
  hashed?: boolean;
  constant?: number;
  overlap?: Record<string, number>;
  hashes?: Blob | null;
  labels?: Labels | null;
  inputs?: Inputs | null;
  predictions?: Record<string, number>;
  logit_spread?: number | null;
  seed?: number;
  ops?: Op[];
  time: number;
  step?: number;
  rank?: number;
}

/** Images side by side. pixels: u8[n,C,h,w] (base64 in JSON). shape: n, C, h, w. */
export interface Picture {
  block: "picture";
  title: string;
  shape: [number, number, number, number];
  pixels: string;
  captions?: string[];
  note?: string;
}

/** A line of the user's source. what: which operation is there. */
export interface Place {
  what: string;
  file: string;
  line: number;
  source?: string;
}

/** A copy of a model was asked a question, once, on a copy of a batch, in evaluation mode. */
export interface Probed {
  seq: number;
  kind: "probed";
  probe: string;
  model?: number;
  reason?: string;
  site?: number;
  loader?: number;
  input?: number[];
  rows?: number;
  asked?: number;
  spread?: number;
  reached?: number;
  own?: number;
  ordered?: boolean;
  module?: string;
  class_name?: string;
  shape?: number[];
  sequence_first?: boolean | null;
  argument?: string;
  values?: number;
  time: number;
  step?: number;
  rank?: number;
}

/** Where to read on. */
export interface Reading {
  title: string;
  url: string;
}

/** The test of the finished model. */
export interface Results {
  test: Record<string, unknown>;
  bins?: [number, number, number][];
  bins_after?: [number, number, number][];
  worst?: Mistake[];
  pictures?: Blob | null;
}

/** A run goes on from a checkpoint: earlier lines with a larger step are void. */
export interface Resumed {
  seq: number;
  kind: "resumed";
  checkpoint?: string;
  time: number;
  step?: number;
  rank?: number;
}

/** One sample of a loss: exact scores, its label or `targets`, and its own loss. */
export interface Row {
  sample: number;
  scores: (number | string)[];
  label?: number | null;
  classes?: number[];
  rest?: number | string | null;
  loss?: number | string | null;
  targets?: (number | string)[];
}

/** A learning rate scheduler. settings: T_max, total_steps, milestones, gamma, ... */
export interface Scheduler {
  seq: number;
  kind: "scheduler";
  id: number;
  class_name: string;
  optimizer?: number;
  site?: number;
  settings?: Record<string, string | number | boolean | null>;
  time: number;
  step?: number;
  rank?: number;
}

/** One finding of `gd check`, as `goingdeep.check.Finding` has it. */
export interface Shown {
  rule: string;
  severity: "error" | "hint" | "warning";
  message: string;
  file?: string;
  line?: number;
  source?: string;
  step?: number;
  count?: number;
  why?: string;
  fix?: string;
  fine?: string;
  note?: string;
  evidence?: Record<string, unknown>;
  proof?: Record<string, (number | string | null)[]> | null;
}

/** One place in the user's source. */
export interface Site {
  seq: number;
  kind: "site";
  id: number;
  file: string;
  line: number;
  function?: string;
  source?: string;
  via_file?: string;
  via_line?: number;
  via_function?: string;
  time: number;
  step?: number;
  rank?: number;
}

/** One file of the user's. file: as the `file` of a site says it, a path that is fit to be shown. */
export interface Source {
  file: string;
  lines: Token[][];
  first?: number;
}

/** The text of a file of the user's on the way of a call, as it was when it ran. */
export interface SourceText {
  seq: number;
  kind: "source";
  file: string;
  text: Blob;
  time: number;
  step?: number;
  rank?: number;
}

/** The loop begins. steps: how many the whole run will have. */
export interface Started {
  seq: number;
  kind: "started";
  steps: number;
  device: string;
  time: number;
  step?: number;
  rank?: number;
}

/** The result of `state_dict()` is alive after later steps and shares memory with the model. */
export interface StateKept {
  seq: number;
  kind: "state-kept";
  model: number;
  site?: number;
  taken?: number;
  tensors?: number;
  used?: string;
  use_site?: number;
  into?: number;
  time: number;
  step?: number;
  rank?: number;
}

/** `load_state_dict` of a module, an optimizer or a scheduler. */
export interface StateLoaded {
  seq: number;
  kind: "state-loaded";
  what: string;
  number?: number;
  class_name?: string;
  site?: number;
  strict?: boolean;
  matched?: number;
  missing?: number;
  unexpected?: number;
  missing_examples?: string[];
  unexpected_examples?: string[];
  held?: string[];
  time: number;
  step?: number;
  rank?: number;
}

/** Something was written with `torch.save`. keys: at most 16 of the saved mapping's own. */
export interface StateSaved {
  seq: number;
  kind: "state-saved";
  file: string;
  site?: number;
  keys?: string[];
  time: number;
  step?: number;
  rank?: number;
}

/** Steps `first` to `last` of all steps of the process were done by this optimizer, the same way. */
export interface Steps {
  seq: number;
  kind: "steps";
  optimizer: number;
  anatomy: number;
  first: number;
  last: number;
  count: number;
  thread?: string;
  time: number;
  step?: number;
  rank?: number;
}

/** Rows of cells as they are shown. align: a letter a column, "l" or "r". note: below it. */
export interface Table {
  block: "table";
  title: string;
  head: string[];
  rows: string[][];
  align?: string;
  note?: string;
}

/** One product of a sum: the input at an index times the weight at an index, both exact. */
export interface Term {
  input_at: number[];
  weight_at: number[];
  input: number | string;
  weight: number | string;
}

/** A paragraph; code: to be shown as it is, line by line. */
export interface Text {
  block: "text";
  text: string;
  code?: boolean;
}

/** A piece of a line of source. k: what it is; t: its text, blanks included. */
export interface Token {
  t: string;
  k?: "" | "comment" | "keyword" | "name" | "number" | "operator" | "string";
}

/** One parameter over a step: L2 norms of the weight before it and of its change. */
export interface Update {
  model: number;
  name: string;
  weight?: number | string;
  change?: number | string;
  ratio?: number | string;
  changed?: boolean;
  sampled?: number;
  idle?: boolean;
}

/** A tensor in numbers. */
export interface Values {
  shape: number[];
  dtype: string;
  device?: string;
  low?: number | null;
  high?: number | null;
  mean?: number | null;
  std?: number | null;
  zeros?: number;
  non_finite?: number;
  sampled?: number;
  note?: string;
  tracked?: boolean | null;
}

/** One single weight over a step, exact, so that it can be worked by hand. */
export interface Weight {
  model: number;
  name: string;
  at: number[];
  before: number | string;
  gradient: number | string | null;
  after: number | string;
  state_before?: Record<string, number | string>;
  state_after?: Record<string, number | string>;
  group?: number;
  settings?: Record<string, string | number | boolean | null>;
}

/** A piece of one matrix over a step, exact: f4[h,w] blobs of at most 32x32. */
export interface Window {
  model: number;
  name: string;
  before: Blob;
  after: Blob;
  gradient?: Blob | null;
  row?: number;
  column?: number;
  state_before?: Record<string, Blob>;
  state_after?: Record<string, Blob>;
}

/** One number of a layer's output with all it was made of, exact, so that it can be worked by hand. */
export interface Worked {
  at: number[];
  value: number | string;
  terms?: Term[];
  bias?: number | string | null;
  others?: number;
  rest?: number | string;
}

/** A DataLoader's worker process at the start of a pass. */
export interface Worker {
  seq: number;
  kind: "worker";
  loader: number;
  number: number;
  worker: number;
  torch?: string;
  numpy?: string;
  python?: string;
  numpy_used?: boolean;
  python_used?: boolean;
  time: number;
  step?: number;
  rank?: number;
}

/** Test images that were classified wrongly, the most confident first. */
export interface WorstErrors {
  seq: number;
  kind: "worst-errors";
  samples: number[];
  pictures: Blob;
  time: number;
  step?: number;
  rank?: number;
}

export type Event = Accelerators | Anatomy | CallMode | Checkpointed | Ended | Epoch | Exchange | Failed | Finished | FirstBatch | Gap | Interrupted | Kept | Loader | LookBackward | LookBatch | LookCall | LookClear | LookLoss | LookStep | LossFunction | Losses | Model | ModuleHidden | ModuleMade | Optimizer | Pass | Probed | Resumed | Scheduler | Site | SourceText | Started | StateKept | StateLoaded | StateSaved | Steps | Worker | WorstErrors;
