import assert from "node:assert/strict";
import { test } from "node:test";
import { Run } from "../src/record/run.ts";
import { decades } from "../src/glyphs/curve.tsx";
import { csv, fileName } from "../src/glyphs/export.ts";
import { around, difference } from "../src/record/difference.ts";
import { workLayer } from "../src/worked/layer.ts";
import { firstLink, workLoss } from "../src/worked/loss.ts";
import { agrees, toNumber } from "../src/worked/numbers.ts";
import { axes, guesses } from "../src/worked/shapes.ts";
import { show, workUpdate } from "../src/worked/update.ts";
import type { Event, LookCall, Manifest } from "../src/types.ts";

const close = (a: number | null, b: number, within = 1e-12) => assert.ok(a !== null && Math.abs(a - b) <= within * Math.max(1, Math.abs(b)), `${a} is not ${b}`);

test("equal scores cost log of the number of classes", () => {
  const work = workLoss([0, 0, 0, 0], 2);
  close(work.loss, Math.log(4));
  assert.deepEqual(work.probabilities, [0.25, 0.25, 0.25, 0.25]);
  assert.deepEqual(firstLink(work, 2), [0.125, 0.125, -0.375, 0.125]);
});

test("large scores do not overflow", () => close(workLoss([1000, 0], 0).loss, 0));

test("classes that are not listed count through their logsumexp", () => {
  const all = workLoss([2, 1, 0.5, -1], 0);
  close(workLoss([2, 1], 0, Math.log(Math.exp(0.5) + Math.exp(-1))).loss, all.loss ?? Number.NaN);
});

test("a score that is nan gives nan, and says so", () => {
  const work = workLoss(["nan", 1], 1);
  assert.ok(Number.isNaN(work.loss));
  assert.ok(agrees(Number.NaN, toNumber("nan") ?? 0));
});

test("SGD: a plain step, by hand", () => {
  const work = workUpdate({ optimizer: "SGD", settings: { lr: 0.1 }, before: 1, gradient: 2, stateBefore: {} });
  close(work?.after ?? null, 0.8);
});

test("SGD with momentum, dampening, decay and Nesterov, by hand", () => {
  const settings = { lr: 0.1, momentum: 0.9, weight_decay: 0.5, nesterov: true };
  // gradient 2 + 0.5 * 1 = 2.5; buffer 0.9 * 1 + 2.5 = 3.4; ahead 2.5 + 0.9 * 3.4 = 5.56
  const work = workUpdate({ optimizer: "SGD", settings, before: 1, gradient: 2, stateBefore: { momentum_buffer: 1 } });
  close(work?.after ?? null, 1 - 0.556);
  close(work?.state["momentum_buffer"] ?? null, 3.4);
  const first = workUpdate({ optimizer: "SGD", settings: { lr: 1, momentum: 0.9, dampening: 0.5 }, before: 0, gradient: 2, stateBefore: {} });
  close(first?.after ?? null, -2); // the first buffer is the gradient itself
});

test("Adam's first step has the size of the learning rate", () => {
  const settings = { lr: 0.001, betas: "0.9, 0.999", eps: 1e-8, weight_decay: 0 };
  const work = workUpdate({ optimizer: "Adam", settings, before: 1, gradient: 123, stateBefore: {} });
  close(work?.after ?? null, 0.999, 1e-9);
});

test("AdamW decays the weight itself, Adam its gradient", () => {
  const settings = { lr: 0.1, betas: "0.9, 0.999", eps: 0, weight_decay: 0.5 };
  const given = { settings, before: 1, gradient: -0.5, stateBefore: {} };
  close(workUpdate({ optimizer: "AdamW", ...given })?.after ?? null, 0.95 + 0.1);
  // -0.5 + 0.5 * 1 = 0: nothing to follow
  assert.ok(Number.isNaN(workUpdate({ optimizer: "Adam", ...given })?.after ?? 0));
});

test("an optimizer that is not known is not worked", () => {
  assert.equal(workUpdate({ optimizer: "RMSprop", settings: { lr: 1 }, before: 1, gradient: 1, stateBefore: {} }), null);
  assert.equal(workUpdate({ optimizer: "Adam", settings: { lr: 1, betas: "odd" }, before: 1, gradient: 1, stateBefore: {} }), null);
});

test("terms, the rest and the bias add up", () => {
  const terms = [{ input_at: [0], weight_at: [0, 0], input: 2, weight: 3 }, { input_at: [1], weight_at: [0, 1], input: -1, weight: 4 }];
  close(workLayer({ at: [0, 0], value: 2.5, terms, bias: 1, others: 5, rest: -0.5 }).sum, 2.5);
});

test("agreeing allows rounding, and nothing more", () => {
  assert.ok(agrees(2.302585092994046, 2.3025851));
  assert.ok(!agrees(2.302585, 2.30262));
  assert.ok(agrees(1e-7, 1.4e-7, 1)); // what is left of large numbers
  assert.ok(!agrees(0.5, Number.NaN));
});

test("numbers are shown in digits that count", () => {
  assert.deepEqual([0.1, -0.00001234, 0, Number.NaN, 1234567].map(show), ["0.1", "−1.234e−5", "0", "nan", "1234567"]);
});

test("guesses hold the right shape once, and not always at the same place", () => {
  const places = [[64, 784], [32, 10], [8, 3]].map((shape, index) => {
    const call = { index, inputs: [{ shape: [64, 1, 28, 28], dtype: "float32" }], outputs: [{ shape, dtype: "float32" }] } as unknown as LookCall;
    const found = guesses(call).filter((guess) => guess.join() === shape.join());
    assert.equal(found.length, 1);
    return guesses(call).findIndex((guess) => guess.join() === shape.join());
  });
  assert.ok(new Set(places).size > 1);
});

test("axes have letters where their number tells them", () => {
  assert.deepEqual([axes([64, 1, 28, 28]), axes([64, 10]), axes([1, 2, 3])], [["N", "C", "H", "W"], ["N", "F"], ["", "", ""]]);
});

test("a run that was taken up again counts its lines anew, and each look names its own", () => {
  const at = { time: 1, file: "train.py", function: "", source: "" };
  const site = (seq: number, line: number) => ({ seq, kind: "site", id: 0, line, ...at });
  const look = (seq: number, step: number) => ({ seq, kind: "look-clear", look: step, step, by: "optimizer", site: 0, time: 1 });
  const run = new Run({ run: { name: "r" }, state: "finished" } as Manifest);
  run.add([site(0, 10), look(1, 1), look(2, 5), { seq: 3, kind: "resumed", step: 3, time: 2 }, site(4, 20), look(5, 8)] as Event[]);
  assert.deepEqual(run.looked, [1, 8]);
  assert.deepEqual(run.looked.map((step) => run.looks.get(step)?.process.sites.get(0)?.line), [10, 20]);
});

test("what differs between two texts: no line is lost, and common ones stay together", () => {
  const [one, other] = [["a", "b", "c", "d", "e"], ["a", "x", "c", "e", "f"]];
  const lines = difference(one, other) ?? [];
  assert.deepEqual(lines.filter((line) => line.side !== "other").map((line) => line.text), one);
  assert.deepEqual(lines.filter((line) => line.side !== "one").map((line) => line.text), other);
  assert.deepEqual(lines.filter((line) => line.side === "both").map((line) => line.text), ["a", "c", "e"]);
  assert.deepEqual(around(difference(Array.from("abcdefghij"), Array.from("abcdefghiX")) ?? [], 1).map((line) => line?.text ?? "…"), ["i", "j", "X"]);
  assert.equal(difference(Array(2000).fill("a"), Array(2000).fill("b")), null);
});

test("what a spreadsheet would take for a formula is text, and a number stays one", () => {
  assert.equal(csv([["=1+1", "@x", "-0.5", -2], ['a "b", c', "+z", "x\ny", Number.NaN]]), "'=1+1,'@x,-0.5,-2\r\n\"a \"\"b\"\", c\",'+z,\"x\ny\",NaN\r\n");
});

test("a file's name holds nothing that leads elsewhere", () => {
  assert.equal(fileName(["../../etc", "pass wd\u202e"], "csv"), "etc-pass-wd.csv");
  assert.equal(fileName(["///"], "html"), "page.html");
});

test("label smoothing spreads a part of the target over all classes", () => {
  // torch.nn.functional.cross_entropy(torch.tensor([[2.0, 1.0, 0.5]]).double(), torch.tensor([1]), label_smoothing=0.1)
  const work = workLoss([2, 1, 0.5], 1, null, 0.1);
  close(work.loss, 1.447702117441278, 1e-9);
  [0.5951983858784291, -0.7021094357111843, 0.10691104983275515].forEach((value, i) => close(firstLink(work, 1)[i] ?? null, value, 1e-9));
  assert.equal(workLoss([2, 1], 1, 0.5, 0.1).loss, null); // not all classes are listed
});

test("a logarithmic axis has round numbers", () => {
  const shown = (low: number, high: number) => decades(Math.log10(low), Math.log10(high)).map((tick) => Number((10 ** tick).toPrecision(4)));
  assert.deepEqual(shown(0.6, 2.4), [0.5, 1, 2, 5]);
  assert.deepEqual(shown(3e-5, 40), [1e-5, 1e-3, 0.1, 10, 1000]);
  assert.deepEqual(shown(1, 1), [1, 2]);
});
