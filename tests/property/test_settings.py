"""Settings: any value that is accepted comes back from TOML; any other is refused by us."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from goingdeep.errors import GoingDeepError, SettingsError
from goingdeep.train import settings
from goingdeep.train.optimizer import learning_rate
from goingdeep.train.settings import KEYS, ScheduleSettings, build, check, resolve
from goingdeep.train.toml import parse_assignment, read_toml, to_toml

quick = hypothesis_settings(deadline=None, max_examples=100)


def values_of(key: str) -> st.SearchStrategy:
    kind = settings._TYPES[key]
    if typing.get_origin(kind) is Literal:
        return st.sampled_from(typing.get_args(kind))
    if kind is bool:
        return st.booleans()
    if kind is str:
        return st.text()
    low, high = settings._BOUNDS[key]
    if kind is int:
        return st.integers(int(low), int(high))
    return st.floats(low, high, allow_infinity=False)


all_values = st.fixed_dictionaries({}, optional={key: values_of(key) for key in KEYS})
anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**4000), 2**63])
    | st.floats()
    | st.text()
    | st.binary(max_size=5)
    | st.lists(st.integers(), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
    | st.dates()
)


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("settings") / "settings.toml"


@quick
@given(all_values)
def test_any_settings_come_back_from_toml(file, values):
    resolved = resolve(("flag", values))
    file.write_bytes(to_toml(resolved).encode())
    back = read_toml(file)
    expected = {key: setting.value for key, setting in resolved.items()}
    assert back == expected
    assert [type(value) for value in back.values()] == [type(v) for v in expected.values()]
    assert build(resolve(("file", back))) == build(resolved)


@quick
@given(st.sampled_from(KEYS) | st.text(), anything)
def test_any_value_is_accepted_in_the_right_type_or_refused(key, value):
    try:
        accepted = check(key, value)
    except GoingDeepError as error:
        assert error.message  # noqa: PT017 - other errors are let through
    else:
        assert accepted == value
        assert check(key, accepted) == accepted
        kind = settings._TYPES[key]
        assert isinstance(accepted, str if typing.get_origin(kind) is Literal else kind)


@quick
@given(st.data())
def test_any_assignment_is_parsed_or_refused(data):
    key = data.draw(st.sampled_from(KEYS))
    text = data.draw(
        st.text() | anything.filter(lambda v: not isinstance(v, int) or v < 2**64).map(str)
        | st.sampled_from(["[" * 5000, "9" * 5000, "inf", "nan", "0x" + "f" * 9000, "{", "'", ""])
    )  # fmt: skip
    try:
        assert parse_assignment(f"{key}={text}")[0] == key
    except SettingsError as error:
        assert error.message  # noqa: PT017


@pytest.mark.parametrize(
    "value",
    [10**5000, float("inf"), float("nan"), "x" * 10**6, [1] * 10**6],
    ids=["digits", "infinity", "nan", "text", "list"],
)
@pytest.mark.parametrize("key", ["seed", "optimizer.lr", "augment.flip"])
def test_a_refusal_is_short_however_long_the_value(key, value):
    with pytest.raises(SettingsError) as caught:
        check(key, value)
    assert len(str(caught.value)) < 500


@quick
@given(st.binary(max_size=200) | st.sampled_from([b"a=" + b"[" * 9000, b"seed=" + b"9" * 5000]))
def test_any_file_is_read_or_refused(file, content):
    file.write_bytes(content)
    try:
        assert all(key in KEYS for key in read_toml(file))
    except SettingsError as error:
        assert error.message  # noqa: PT017


@quick
@given(
    st.integers(1, 10**7).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))),
    st.just(0.0) | st.floats(1e-12, 1e6),
    st.sampled_from(["constant", "linear", "cosine"]),
    st.floats(0, 1),
)
def test_the_learning_rate_stays_between_zero_and_its_peak(step_of, peak, name, warmup):
    step, steps = step_of
    rate = learning_rate(step, steps, peak, ScheduleSettings(name, warmup))
    assert 0 <= rate <= peak * (1 + 1e-12)


@quick
@given(st.integers(2, 2000), st.sampled_from(["linear", "cosine"]), st.floats(0, 0.9))
def test_the_learning_rate_rises_to_its_peak_and_then_falls(steps, name, warmup):
    rates = [learning_rate(s, steps, 1.0, ScheduleSettings(name, warmup)) for s in range(steps)]
    top = rates.index(max(rates))
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert abs(top - warmup * steps) <= 1
