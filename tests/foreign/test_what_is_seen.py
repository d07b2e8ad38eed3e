"""What is particular to one loop: states of gradients, owners, threads, skipped steps, hooks."""

from __future__ import annotations

import pytest

from tests.foreign.harness import LOOPS, facts, marks, run, steps_of, walks, watched

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


def seen(name):
    return watched(name).seen


def usual(name):
    """The operations of the kind of step that was done most often."""
    return max(steps_of(seen(name)))[1]


def of(ops, kind, fact):
    return [op.facts.get(fact) for op in ops if op.op == kind]


def line(name, op, mark):
    """Whether an operation stands on a line with this source."""
    return mark in seen(name).site(op.site).source


# ---------------------------------------------------------------- the plain loop


def test_the_tutorials_step_is_read_in_its_order():
    assert [op.op for op in usual("plain")] == [
        "clear",
        "batch",
        "forward",
        "loss",
        "backward",
        "step",
    ]


def test_the_tutorials_parts_are_named():
    record = seen("plain")
    (model,) = record.models.values()
    assert model.class_name == "NeuralNetwork"
    assert [parameter.name for parameter in model.parameters] == [
        "linear_relu_stack.0.weight", "linear_relu_stack.0.bias", "linear_relu_stack.2.weight",
        "linear_relu_stack.2.bias",
    ]  # fmt: skip
    (optimizer,) = record.optimizers.values()
    assert (optimizer.class_name, optimizer.groups[0].settings["lr"], optimizer.groups[0].owns) == (
        "SGD", 0.1, {model.id: (0, 1, 2, 3)},
    )  # fmt: skip
    assert record.site(optimizer.site).source.startswith("optimizer = torch.optim.SGD")
    (training, testing) = sorted(record.loaders.values(), key=lambda loader: loader.id)
    assert (training.shuffle, training.length, training.batch_size, training.dataset.length) == (
        True,
        5,
        8,
        40,
    )
    assert (testing.shuffle, testing.length, testing.dataset.length) == (False, 2, 12)
    for loss in record.losses.values():
        assert (loss.function, loss.module, loss.reduction) == (
            "cross_entropy",
            "CrossEntropyLoss",
            "mean",
        )
        assert (loss.input[1:], loss.target_dtype) == ((3,), "int64")


def test_an_evaluation_is_no_part_of_a_step():
    record = seen("plain")
    for _, ops in steps_of(record):
        assert len(of(ops, "forward", "model")) == 1
    evaluation = walks(record)[1]
    assert [op.op for op in evaluation.ops[:3]] == ["batch", "forward", "loss"]
    assert of(evaluation.ops, "forward", "grad") == [False]
    assert evaluation.with_grad == evaluation.kept_graph == 0


def test_samples_are_known_by_content():
    first, test, second = walks(seen("plain"))[:3]
    assert (first.samples, first.distinct, test.samples, test.distinct) == (40, 40, 12, 12)
    assert first.order != second.order  # shuffled anew
    assert not test.overlap


# ---------------------------------------------------------------- modes


def test_dropout_and_batch_norm_ran_in_the_mode_of_the_model():
    for walk in walks(seen("dropout")):
        assert walk.sensitive_training == (walk.forwards if walk.role == "training" else 0)
    assert facts(seen("dropout"), "forward", "sensitive") == {"training"}


def test_a_part_that_is_switched_alone_is_named():
    switched = {
        (op.facts.get("module"), op.facts["training"])
        for _, ops in steps_of(seen("frozen"))
        for op in ops
        if op.op == "mode"
    }
    assert switched == {(None, True), ("backbone", False)}


def test_evaluation_with_a_graph_is_told_as_such():
    evaluations = [walk for walk in walks(seen("eval_with_grad")) if walk.role == "evaluation"]
    assert [(walk.with_grad, walk.kept_graph, walk.training_mode) for walk in evaluations] == [
        (3, 3, 3)
    ] * 3


def test_autocast_is_seen_and_a_disabled_scaler_is_told_as_such():
    assert facts(seen("autocast"), "forward", "autocast") == {True}
    assert (
        facts(seen("autocast"), "scale", "enabled")
        == facts(seen("autocast"), "update", "enabled")
        == {False}
    )
    assert facts(seen("plain"), "forward", "autocast") == {None}


# ---------------------------------------------------------------- gradients


def test_accumulated_gradients_are_fresh_from_the_second_backward_on():
    kinds = {}
    for count, ops in steps_of(seen("accumulation")):
        states = tuple(of(ops, "backward", "grads"))
        kinds[states] = kinds.get(states, 0) + count
    # Two groups of four and one of three in each of three epochs.
    assert kinds == {("none", "fresh", "fresh", "fresh"): 6, ("none", "fresh", "fresh"): 3}
    assert facts(seen("accumulation"), "step", "grads") == {"fresh"}


def test_gradients_that_are_thrown_away_are_seen_to_be():
    wasted = [
        [op.op for op in ops if op.op in {"backward", "clear"}]
        for count, ops in steps_of(seen("accumulation_unscaled"))
        for _ in range(count)
    ]
    # The clear after the step before; in later epochs a backward that no step used, and its clear.
    assert wasted.count(["clear", "backward", "clear", "backward", "backward", "backward"]) == 2


def test_each_way_to_clear_shows_in_what_the_next_backward_finds():
    run = watched("clearing")
    by_step = {}
    for stretch in run.seen.stretches:
        ops = run.seen.anatomies[stretch.anatomy].blocks
        for step in range(stretch.first, stretch.last + 1):
            by_step[step] = next(
                op.facts["grads"] for block in ops for op in block.ops if op.op == "backward"
            )
    assert [by_step[step] for step in sorted(by_step)] == run.value("found")
    used = [of(ops, "step", "grads") for _, ops in steps_of(run.seen)]
    assert used.count(["summed"]) == 1


def test_two_optimizers_have_their_own_gradients():
    discriminator, generator = (
        next(
            ops
            for count, ops in reversed(steps_of(seen("gan")))
            if count and ops[-1].facts["optimizer"] == n
        )
        for n in (0, 1)
    )
    # D clears itself; G's gradients of the step before are still there, and D's backward adds nothing.
    assert of(discriminator, "backward", "grads") == ["0:none 1:left-over", "0:fresh 1:left-over"]
    assert of(discriminator, "step", "grads") == ["fresh"]
    # G's backward goes through D, whose gradients have been used.
    assert of(generator, "backward", "grads") == ["0:left-over 1:none"]
    assert of(generator, "step", "grads") == ["fresh"]
    assert [op.op for op in generator] == ["clear", "forward", "loss", "backward", "step"]
    names = [
        seen("gan").models[n].parameters[0].shape for n in of(discriminator, "forward", "model")
    ]
    assert names == [(8, 6), (8, 4), (8, 6)]


def test_a_skipped_step_of_a_scaler_is_seen_where_it_was_skipped():
    run = watched("scaler")
    assert run.value("skipped")  # the program does have some
    skipped = sum(
        count for count, ops in steps_of(run.seen) for s in of(ops, "step-scaled", "skipped") if s
    )
    assert skipped == len(run.value("skipped"))
    assert facts(run.seen, "unscale", "enabled") == {True}
    assert facts(run.seen, "clip", "limit") == {1.0}


def test_a_closure_is_part_of_its_step():
    run = watched("lbfgs")
    for count, ops in steps_of(run.seen):
        assert ops[-1].op == "step"
        assert not count or ops[-1].facts["closure"] is True
        assert len(of(ops, "backward", "grads")) > 1
        assert set(of(ops, "forward", "grad")) == {True}  # and not the evaluation after it
    evaluated = sum(count * len(of(ops, "backward", "grads")) for count, ops in steps_of(run.seen))
    assert evaluated == len(run.value("trained"))


def test_steps_by_hand_are_steps():
    record = seen("by_hand")
    (by_hand,) = record.optimizers.values()
    assert by_hand.by_hand
    (model,) = record.models.values()
    assert len(by_hand.groups[0].owns[model.id]) == len(model.parameters)
    assert facts(record, "clip", "limit") == {0.25}
    assert of(usual("by_hand"), "backward", "grads") == ["none"]


def test_gradients_of_gradients_are_told_from_backward():
    assert facts(seen("gradient_penalty"), "grad", "create") == {True}
    for _, ops in steps_of(seen("maml")):
        assert len(of(ops, "grad", "create")) == 4
        assert len(of(ops, "backward", "grads")) == 1


def test_forwards_that_run_again_inside_backward_are_not_the_loops():
    for _, ops in steps_of(seen("checkpointing")):
        assert len(of(ops, "forward", "model")) == len(of(ops, "backward", "grads")) == 1


# ---------------------------------------------------------------- who takes part


def test_frozen_parts_are_known_and_belong_to_nobody():
    record = seen("frozen")
    model = next(iter(record.models.values()))
    trainable = {p.name for p in model.parameters if p.trainable}
    assert trainable == {"head.weight", "head.bias"}
    (optimizer,) = record.optimizers.values()
    owned = {model.parameters[i].name for i in optimizer.groups[0].owns[model.id]}
    assert owned == trainable


def test_tied_parameters_are_known_to_be_one():
    (model,) = seen("tied").models.values()
    assert [(p.name, p.tied_to) for p in model.parameters if p.tied_to] == [
        ("out.weight", "embed.weight")
    ]


def test_each_layer_with_its_own_optimizer_keeps_its_own_count():
    record = seen("forward_forward")
    assert [sum(record.counts(n).values()) for n in sorted(record.optimizers)] == [5, 5]


def test_learning_rates_are_those_of_each_step():
    run = watched("schedulers")
    for number, rates in run.value("rates").items():
        assert run.curves[f"rate-{number}" if number else "rate"] == rates
    kinds = [run.seen.schedulers[n].class_name for n in sorted(run.seen.schedulers)]
    assert {"ReduceLROnPlateau", "OneCycleLR", "SequentialLR"} <= set(kinds)
    # A scheduler that is made of others steps once, at the user's line.
    assert {len(of(ops, "schedule", "scheduler")) for _, ops in steps_of(run.seen)} <= {0, 1}


def test_functions_imported_by_name_before_the_watcher_are_seen():
    ops = usual("imported_before")
    assert [(op.facts["how"], op.facts["limit"]) for op in ops if op.op == "clip"] == [
        ("norm", 0.5),
        ("value", 0.1),
    ]
    assert {loss.function for loss in seen("imported_before").losses.values()} == {
        "cross_entropy",
        "binary_cross_entropy",
    }
    assert set(of(ops, "forward", "sensitive")) == {"training"}


def test_passes_that_are_broken_off_are_not_complete():
    assert [walk.complete for walk in walks(seen("broken_off"))] == [False] * 5
    assert all(walk.complete for walk in walks(seen("plain")))


def test_a_wrapped_model_and_its_sampler_are_named():
    record = seen("distributed")
    assert [model.class_name for model in record.models.values()] == ["DistributedDataParallel"]
    assert [loader.sampler for loader in record.loaders.values()] == ["DistributedSampler"]


def test_averaged_copies_change_nothing_about_the_steps():
    record = seen("averaging")
    assert len(record.optimizers) == 1
    assert facts(record, "step", "changed") == {True}


# ---------------------------------------------------------------- threads, processes, hooks


def test_each_thread_has_its_own_steps():
    record = seen("threads")
    threads = {stretch.thread: stretch.optimizer for stretch in record.stretches}
    assert set(threads) == {"trainer 0", "trainer 1"}
    assert len(set(threads.values())) == 2
    for _, ops in steps_of(record):
        assert [op.op for op in ops] == ["batch", "forward", "loss", "clear", "backward", "step"]


@pytest.mark.parametrize("name", ["children", "spawned"])
def test_children_train_as_ever_and_leave_no_trace(name):
    run = watched(name)
    assert set(run.value("codes")) == {0}
    assert run.seen.end.backwards == run.value("steps")
    train = run.value("train")
    seeds = (1, 2) if name == "children" else (1,)
    theirs = run.value("their_losses")
    assert (theirs if name == "children" else [theirs]) == sorted(train(seed, 5) for seed in seeds)


def test_the_programs_own_hooks_fire_as_often_as_they_should():
    fired = watched("own_hooks").value("fired")
    assert fired == {
        "pre": 10, "forward": 10, "global": 40, "gradient": 10, "accumulated": 10, "full": 10, "step": 10,
        "backward": 10, "cleared": 10,
    }  # fmt: skip


def test_counting_modes_of_the_program_count_only_what_it_does():
    operations, functions, flops = watched("modes").value("counted")
    assert operations
    assert functions
    assert flops > 0
    assert not [name for name in functions if "_version" in name]


def test_a_traced_graph_holds_the_programs_operations_only():
    assert watched("traced").value("sizes") == [(8, 5), (8,), (8,), (8,), (3, 8), (3,)]


# ---------------------------------------------------------------- errors


def test_the_step_that_raised_is_not_counted():
    record = seen("raises")
    (walk,) = walks(record)
    assert (record.steps, walk.batches, walk.forwards, walk.complete) == (6, 7, 6, False)


def test_the_marks_in_the_programs_are_read():
    program = LOOPS / "plain.py"
    assert {op for op, _ in marks(program)} == {
        "mode",
        "batch",
        "forward",
        "loss",
        "backward",
        "step",
        "clear",
    }


def test_a_program_without_training_is_seen_to_have_none(tmp_path):
    from tests.foreign.harness import watch

    program = tmp_path / "nothing.py"
    program.write_text("import torch\nx = torch.ones(3).sum().item()\n")
    one = watch(program, tmp_path / "run")
    assert one.error is None
    assert (one.seen.end.steps, one.seen.end.backwards, one.seen.end.forwards) == (0, 0, 0)
    assert run(program).result == one.result
