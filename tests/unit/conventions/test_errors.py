"""The error family: four parts, one base, able to cross process borders."""

from __future__ import annotations

import pickle

import pytest

import edgepair
from edgepair.conventions import (
    DataError,
    EdgepairError,
    LabelError,
    OptionError,
    OutputError,
    SimulationError,
    StructureError,
    near_miss,
)
from edgepair.conventions.errors import Remark

FAMILY = [EdgepairError, DataError, OptionError, OutputError, StructureError, LabelError, SimulationError]


def make(kind: type[EdgepairError]) -> EdgepairError:
    return kind("cannot read 'a'", found="keV", needed="eV", suggestion="multiply by 1000")


@pytest.mark.parametrize("kind", FAMILY)
def test_text_holds_the_four_parts_in_order(kind: type[EdgepairError]) -> None:
    assert str(make(kind)).splitlines() == [
        "cannot read 'a'",
        "  Found:  keV",
        "  Needed: eV",
        "  Try:    multiply by 1000",
    ]


@pytest.mark.parametrize("kind", FAMILY)
def test_every_error_is_of_the_public_family(kind: type[EdgepairError]) -> None:
    assert issubclass(kind, edgepair.EdgepairError)
    with pytest.raises(edgepair.EdgepairError, match="Found:  keV"):
        raise make(kind)


@pytest.mark.parametrize("kind", FAMILY)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_round_trip_keeps_kind_and_parts(kind: type[EdgepairError], protocol: int) -> None:
    back = pickle.loads(pickle.dumps(make(kind), protocol=protocol))
    assert type(back) is kind
    assert (back.problem, back.found, back.needed, back.suggestion) == (
        "cannot read 'a'",
        "keV",
        "eV",
        "multiply by 1000",
    )
    assert str(back) == str(make(kind))


def test_parts_must_be_named() -> None:
    with pytest.raises(TypeError, match="positional"):
        EdgepairError("problem", "found", "needed", "suggestion")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="suggestion"):
        EdgepairError("problem", found="x", needed="y")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("xane", "did you mean 'xanes'?"),
        ("PDF", "did you mean 'pdf'?"),
        ("mossbauer", "use one of: xanes, pdf"),
        ("", "use one of: xanes, pdf"),
    ],
)
def test_near_miss(name: str, answer: str) -> None:
    assert near_miss(name, iter(["xanes", "pdf"])) == answer


def test_a_warning_is_its_text_and_keeps_its_code() -> None:
    remark = Remark("no energy calibration", "unknown_scale")
    assert remark == "no energy calibration"
    assert Remark(remark).code == "unknown_scale"
    assert pickle.loads(pickle.dumps(remark)).code == "unknown_scale"
    assert Remark("noisy").code == ""
