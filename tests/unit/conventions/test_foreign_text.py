"""Names of files and in files are shown, not obeyed."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepair.conventions import MeasurementError
from edgepair.conventions.errors import table_cell, visible, visible_json


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    shown = visible(text)
    assert not any(c < " " or c in "\x7f\x9b\u202e\u2066\u2028" for c in shown)
    shown.encode()
    assert visible(shown) == shown


@given(st.text(alphabet=st.characters()))
def test_json_means_the_same_and_a_terminal_obeys_nothing(text: str) -> None:
    shown = visible_json(json.dumps({text: [text]}, ensure_ascii=False, indent=1))
    assert json.loads(shown) == {text: [text]}
    assert visible(shown, "\n") == shown
    shown.encode()


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("C", "Z"))))
def test_plain_names_stay(text: str) -> None:
    assert visible(text) == text


@given(st.text())
def test_no_cell_is_a_formula(text: str) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerow([table_cell(text)])
    (cell,) = next(csv.reader(io.StringIO(stream.getvalue())))
    if cell[:1] in "=+-@\t\r" and cell:
        float(cell)


@pytest.mark.parametrize("value", [1, 0.5, None, "-0.5", "+1e-3", "Fe2O3", ""])
def test_numbers_and_names_stay(value: object) -> None:
    assert table_cell(value) == value


def test_messages_are_shown_too() -> None:
    error = MeasurementError("cannot read 'a\x1b]0;b\x07'", found="\x9b2J", needed="a\nb", suggestion="c")
    assert str(error) == "cannot read 'a\\x1b]0;b\\x07'\n  Found:  \\x9b2J\n  Needed: a\nb\n  Try:    c"
