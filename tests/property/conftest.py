"""What hypothesis draws for these tests."""

from __future__ import annotations

import json

from hypothesis import strategies as st

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-10, 40)
    | st.sampled_from([2**63, -(2**70), 10**30])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def spoiled(good: bytes) -> st.SearchStrategy[bytes]:
    """Bytes that are anything, or nearly what was written."""
    cut = st.integers(0, len(good)).map(lambda end: good[:end])
    changed = st.tuples(st.integers(0, len(good) - 1), st.binary(max_size=3)).map(
        lambda change: good[: change[0]] + change[1] + good[change[0] + 1 :]
    )
    nested = st.sampled_from([b'{"a":' * 50_000, b"[" * 50_000])
    return st.binary(max_size=300) | cut | changed | nested


def spoiled_json(good: bytes, values: st.SearchStrategy = json_values) -> st.SearchStrategy[bytes]:
    """As `spoiled`, and JSON in which some fields hold something else."""
    content = json.loads(good)
    other = st.dictionaries(st.sampled_from(sorted(content)), values, min_size=1, max_size=3)
    missing = st.sampled_from(sorted(content)).map(
        lambda key: json.dumps({k: v for k, v in content.items() if k != key}).encode()
    )
    return (
        spoiled(good)
        | missing
        | values.map(lambda value: json.dumps(value).encode())
        | other.map(lambda fields: json.dumps(content | fields).encode())
    )
