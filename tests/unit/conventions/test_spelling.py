"""Parameters in messages: options where options are typed, keywords in Python."""

from __future__ import annotations

import inspect
import pickle
import sys
from typing import Any

import numpy as np
import pytest

import edgepair
from edgepair.apps.cli import main
from edgepair.conventions import EdgepairError, OptionError
from edgepair.conventions.spelling import KEYWORDS, as_keywords, options_shown
from edgepair.dataset import load_bundled
from edgepair.measured import PdfCurve


def test_errors_speak_of_keywords_in_python_and_of_options_on_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    data = load_bundled("Fe")
    r, G = data["r"].values, data["G"].values[0]
    curve = PdfCurve("a.gr", "", "test", r, G, "x-ray")
    with pytest.raises(OptionError) as caught:
        edgepair.predict(curve)
    assert "absorber=" in str(caught.value)
    assert "--" not in str(caught.value) + caught.value.suggestion
    path = tmp_path / "a.gr"
    path.write_text("\n".join(f"{x:.4f} {y:.5f}" for x, y in zip(r, G, strict=True)), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["edgepair", "predict", str(path)])
    with pytest.raises(SystemExit):
        main()
    assert "--absorber" in capsys.readouterr().err


def test_an_error_keeps_its_words_across_processes() -> None:
    error = EdgepairError("cannot use --shift 1e9", found="--mu", needed="", suggestion="--range=-20,60")
    with options_shown():
        sent = pickle.dumps(error)
        assert pickle.loads(sent).suggestion == "--range=-20,60"
    assert pickle.loads(sent).suggestion == "energy_range=(-20, 60)"
    assert pickle.loads(sent).problem == "cannot use shift=1e9"


def test_warnings_speak_of_keywords_in_python() -> None:
    curve = PdfCurve("a", "", "", np.arange(3.0), np.zeros(3), warnings=("choose with --energy-column",))
    assert curve.warnings == ("choose with energy_column=",)
    assert "energy_column=" in repr(curve)
    with options_shown():
        assert curve.warnings == ("choose with --energy-column",)


def test_keywords_are_those_of_public_functions() -> None:
    public = (
        edgepair.predict, edgepair.read_xanes, edgepair.read_pdf, edgepair.read_series,
        edgepair.analyse_series, edgepair.run_study,
    )  # fmt: skip
    known = {name for one in public for name in inspect.signature(one).parameters}
    assert set(KEYWORDS.values()) <= known


def test_what_is_no_keyword_and_whole_commands_stay() -> None:
    for text in (
        "choose another place with --out",
        "train: edgepair train --absorber Fe --range=-8,24 --model M",
    ):
        assert as_keywords(text) == text
    told = as_keywords("simulate some with edgepair build and give them by --data, or give --standards")
    assert told == "simulate some with edgepair build and give them by data=, or give standards="
    assert as_keywords("--absorber Fe, or leave the option out") == 'absorber="Fe", or leave the option out'
