import assert from "node:assert/strict";
import { test } from "node:test";
import { hashOf, placeOf } from "../src/place.ts";

test("a place is written and read back", () => {
  for (const hash of ["#/", "#/step/12/op/7", "#/step/3", "#/loss?sample=3&step=12", "#/curves?theme=dark", "#/step/1/op/0?token=a-b_c&sample=2"]) {
    assert.equal(hashOf(placeOf(hash)), hash);
  }
});

test("what is no place is the player", () => {
  for (const hash of ["", "#", "#/nothing", "#/step/x/op/-1", "#/__proto__", "#/step/99999999999999999999"]) {
    const place = placeOf(hash);
    assert.equal(place.screen, "step");
    assert.equal(place.step, null);
    assert.equal(place.op, null);
  }
});

test("a step beside another screen is an option", () => {
  const place = placeOf("#/layers?step=12&op=3&sample=1");
  assert.deepEqual([place.screen, place.step, place.op, place.options.get("sample")], ["layers", 12, 3, "1"]);
});
