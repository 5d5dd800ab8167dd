"""Given the same E0 and ranges, our normalised spectra are Larch's."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from edgepair.spectra import NormalizedSpectrum, normalize_mu

TOLERANCE = 1e-3
"""Edge steps; what the issue asks for. Rounding apart the two are equal."""

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def cases() -> ModuleType:
    spec = importlib.util.spec_from_file_location("larch_cases", HERE / "larch_cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def stored(cases: ModuleType) -> dict[str, Any]:
    document = json.loads(cases.NUMBERS.read_text(encoding="utf-8"))
    assert document["program"] == "xraylarch 2026.3.1"
    return dict(document["spectra"])


def ours(case: Any, settings: dict[str, Any] | None = None) -> NormalizedSpectrum:
    chosen = settings or {"e0": case.e0, "pre": case.pre, "post": case.post, "degree": case.degree}
    return normalize_mu(
        case.energy, case.mu, e0=chosen["e0"], pre=tuple(chosen["pre"]), post=tuple(chosen["post"]),
        degree=chosen["degree"],
    )  # fmt: skip


def check(case: Any, numbers: dict[str, Any], cases: ModuleType) -> None:
    spectrum = ours(case, numbers)
    at = type(case)(case.name, case.energy, case.mu, numbers["e0"], case.pre, case.post, case.degree)
    np.testing.assert_allclose(spectrum.edge_step, numbers["edge_step"], rtol=TOLERANCE)
    np.testing.assert_allclose(cases.sampled(at, spectrum.norm), numbers["norm"], atol=TOLERANCE)
    np.testing.assert_allclose(cases.sampled(at, spectrum.mu), numbers["flat"], atol=TOLERANCE)


def test_made_spectra_are_normalised_as_stored_from_larch(cases: ModuleType, stored: dict[str, Any]) -> None:
    made = list(cases.made_cases())
    assert len(made) == 5
    for case in made:
        check(case, stored[case.name], cases)


def test_a_wrong_range_would_be_noticed(cases: ModuleType, stored: dict[str, Any]) -> None:
    case = next(cases.made_cases())
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check(case, stored[case.name] | {"pre": (-190.0, -30.0), "degree": 1}, cases)


def test_every_measured_spectrum_is_normalised_as_stored_from_larch(
    cases: ModuleType, stored: dict[str, Any], shared: Path
) -> None:
    checked = 0
    # The index grows; what is stored of Larch is of those that it had then.
    for case in cases.indexed_cases(shared / "data" / "experiment", stored):
        check(case, stored[case.name], cases)
        checked += 1
    assert checked == len(stored) - 5 >= 200


def test_larch_itself_agrees(cases: ModuleType, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("larch", reason="needs the extra [larch]")
    every = list(cases.made_cases())
    folder = Path(request.getfixturevalue("shared")) / "data" / "experiment"
    every += [case for case in cases.indexed_cases(folder) if cases.has_both_regions(case)]
    for case in every:
        step, norm, flat = cases.by_larch(case)
        spectrum = ours(case)
        np.testing.assert_allclose(spectrum.edge_step, step, rtol=TOLERANCE, err_msg=case.name)
        np.testing.assert_allclose(spectrum.norm, norm, atol=TOLERANCE, err_msg=case.name)
        np.testing.assert_allclose(spectrum.mu, flat, atol=TOLERANCE, err_msg=case.name)
