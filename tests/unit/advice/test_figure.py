"""The figure holds the numbers of the tables, with or without requirements."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from edgepair.advice import Advice
from edgepair.report.advice import advice_figure, render_advice


@pytest.fixture
def small(quick_advise: Callable[..., Advice], make_told: Callable[..., xr.Dataset]) -> Advice:
    return quick_advise(make_told(xanes_tells=True, pdf_tells=True), requirements=True, techniques=["pdf"])


def test_losses_are_drawn_where_the_table_has_them(small: Advice) -> None:
    figure = advice_figure(small)
    titles = [text.text for text in figure.layout.annotations]
    assert titles == [
        "score of each technique",
        "PDFs: noise (rms)",
        "PDFs: Qmax",
        "PDFs: last distance r",
        "training materials",
    ]
    qmax = small.requirements.query("quantity == 'qmax'")
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert len(lines) == 4
    drawn = lines[1]
    np.testing.assert_allclose(drawn.y, qmax["loss"])
    np.testing.assert_allclose(np.array(drawn.y) + drawn.error_y.array, qmax["loss_upper"])
    units = [figure.layout[name].title.text for name in ("xaxis2", "xaxis3", "xaxis4")]
    assert units == ["of the rms of G", "Å⁻¹", "Å"]


def test_without_requirements_scores_and_gains_stand_alone(
    quick_advise: Callable[..., Advice], make_told: Callable[..., xr.Dataset]
) -> None:
    advice = quick_advise(make_told(xanes_tells=True, pdf_tells=True))
    figure = advice_figure(advice)
    gains = advice.gains[advice.gains["verdict"] != ""]
    assert len(gains) == 2
    assert [trace.x[0] for trace in figure.data] == pytest.approx(
        advice.scores.query("metric == 'f1_weighted'")["value"].tolist() + gains["value"].tolist()
    )
    drawn = figure.data[-1]
    assert drawn.x[0] + drawn.error_x.array[0] == pytest.approx(gains["upper"].iloc[-1])
    titles = [text.text for text in figure.layout.annotations]
    assert titles == ["score of each technique", "gain by adding a technique"]
    page = render_advice(advice)
    assert "To what quality" not in page
    assert "What adding a technique changes" in page


def test_a_notebook_shows_the_words_and_tables_of_the_page(small: Advice) -> None:
    lines = repr(small).splitlines()
    assert lines[0] == "<Advice: Fe, coordination_number"
    assert len(lines) <= 8
    assert small.recommendation[0][:60] in lines[1]
    shown, page = small._repr_html_(), render_advice(small)
    tables = re.findall(r"<table.*?</table>", shown, re.DOTALL)
    assert tables
    assert all(table in page for table in tables)
    assert small.plot().to_json() == advice_figure(small).to_json()
    assert pickle.loads(pickle.dumps(small)) == small
