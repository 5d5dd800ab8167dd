"""Whatever stands in the address of the page Data, it filters or is refused in four parts."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("dash", reason="needs the extra 'web'")

from edgepair.apps.web.pages.data_query import (
    KEYS,
    MOST_SITES,
    joined_sites,
    moved_place,
    packed_range,
    parse_filter,
    parse_sites,
    short_texts,
)
from edgepair.conventions import TASKS

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(KEYS), st.text(alphabet="0123456789.,-+eEnaif LiP_", max_size=20)))
def test_a_filter_is_read_or_refused(query: dict[str, str]) -> None:
    wanted, errors = parse_filter(query)
    assert set(errors) <= set(TASKS)
    for error in errors.values():
        assert all((error.problem, error.found, error.needed, error.suggestion))
    for values in wanted["values"].values():
        assert all(math.isfinite(value) for value in values)
    for low, high in wanted["ranges"].values():
        assert low <= high
    # What is refused does not filter.
    assert not set(errors) & (set(wanted["values"]) | set(wanted["ranges"]))


@given(st.floats(-50, 50), st.floats(0, 50))
def test_a_range_comes_back(low: float, width: float) -> None:
    wanted, errors = parse_filter({"bond_length": packed_range(low, low + width)})
    assert errors == {}
    assert wanted["ranges"]["bond_length"] == (low, low + width)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_what_a_browser_sends_never_breaks_the_table(place: object, what: object, sites: object) -> None:
    (column, _), page = moved_place(short_texts(place), what, True, ["formula"])
    assert column in ("", "formula")
    assert page >= 0
    chosen = parse_sites(joined_sites(sites))
    assert len(chosen) <= MOST_SITES
    assert all(site >= 0 for site in chosen)
