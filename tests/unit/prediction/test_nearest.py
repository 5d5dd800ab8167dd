"""Naming what is most like a sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from edgepair.prediction.answers import NEAREST, nearest_materials, nearest_rows
from edgepair.prediction.pdf_model import PdfModel, pdf_rows
from edgepair.prediction.xanes_model import XanesModel


def test_a_standard_is_nearest_to_itself_and_repeats_are_named_once(small_xanes: XanesModel) -> None:
    rows = small_xanes.rows
    measured = np.flatnonzero(~rows.simulated & (rows.absorber == "Fe"))
    names, count = np.unique(rows.group[measured], return_counts=True)
    row = int(measured[rows.group[measured] == names[count.argmax()]][0])
    apart = small_xanes.distances(small_xanes.features(rows.mu[row : row + 1], "Fe"), "Fe")[0]
    found = nearest_rows(small_xanes, apart)
    standards = [f for f in found if f["kind"] == "standard"]
    simulated = [f for f in found if f["kind"] == "simulated"]
    assert len(standards) == len(simulated) == NEAREST
    assert "Fe " + standards[0]["name"] == rows.group[row]
    assert standards[0]["distance"] == pytest.approx(0, abs=1e-6)
    assert len({f["name"] for f in standards}) == NEAREST
    for part in (standards, simulated):
        assert [f["rank"] for f in part] == [1, 2, 3]
        assert [f["distance"] for f in part] == sorted(f["distance"] for f in part)
    for one in found:
        assert rows.absorber[one["row"]] == "Fe"
        assert bool(rows.simulated[one["row"]]) == (one["kind"] == "simulated")
        assert one["distance"] == pytest.approx(apart[one["row"]])
        # A state that charge balance contradicts is missing.
        state = rows.targets["oxidation_state"][one["row"]]
        assert one["oxidation_state"] == pytest.approx(state, nan_ok=True)


def test_fewer_are_named_where_there_are_fewer(small_xanes: XanesModel) -> None:
    apart = np.full(len(small_xanes.rows.group), np.inf)
    assert nearest_rows(small_xanes, apart) == []
    apart[0] = 0.4
    assert [f["distance"] for f in nearest_rows(small_xanes, apart)] == [0.4]


def test_materials_are_named_by_distance(small_pdf: PdfModel) -> None:
    apart = small_pdf.distances(small_pdf.features(small_pdf.rows.G[5:6]))[0]
    found = nearest_materials(small_pdf, apart)
    assert [f["rank"] for f in found] == [1, 2, 3]
    assert found[0]["name"] == small_pdf.rows.name[5]
    assert found[0]["technique"] == "pdf"
    assert found[1]["distance"] == pytest.approx(np.sort(apart)[1])


@pytest.mark.usefixtures("few_trees")
def test_a_task_that_the_materials_do_not_have_is_unknown(
    make_synthetic: Callable[..., xr.Dataset],
) -> None:
    dataset = make_synthetic().drop_vars("oxidation_state")
    found = nearest_materials(PdfModel(pdf_rows(dataset, "pdf")), np.arange(50.0))
    assert np.isnan(found[0]["oxidation_state"])
    assert np.isfinite(found[0]["bond_length"])
