"""``dataset.edgepair``: counts, folds and figures of any dataset that edgepair opened or made."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import DataError, OptionError
from edgepair.dataset import load_bundled, make_folds, split_groups, summarise
from edgepair.report import class_curve_figure
from edgepair.study import class_curves


@pytest.fixture(scope="module")
def copper() -> xr.Dataset:
    return load_bundled("Cu")


def test_the_summary_is_that_of_the_dataset(copper: xr.Dataset) -> None:
    assert copper.edgepair.summary() == summarise(copper)


def test_no_formula_stands_on_both_sides(copper: xr.Dataset) -> None:
    folds = copper.edgepair.split(folds=4, repeats=2, seed=7, task="coordination_number")
    assert folds.dims == ("repeat", "site")
    assert folds.attrs == {"split": "formula", "seed": 7}
    assert set(np.unique(folds)) == {0, 1, 2, 3}
    formula = copper["formula"].values[copper["material_index"].values]
    for dealt in folds.values:
        assert all(len(set(dealt[formula == name])) == 1 for name in set(formula))
    plain = make_folds(split_groups(copper, "material"), n_folds=5, n_repeats=1, seed=0)
    np.testing.assert_array_equal(copper.edgepair.split("material"), plain)


def test_the_figure_is_that_of_the_page(copper: xr.Dataset) -> None:
    curves = class_curves(copper, task="coordination_number")
    names = {"absorber": "Cu", "task": "coordination_number"}
    for technique in ("xanes", "pdf"):
        drawn = getattr(copper.edgepair.plot, technique)(by="coordination_number")
        assert drawn.to_json() == class_curve_figure(curves, technique=technique, **names).to_json()


def test_what_is_not_there_is_refused(copper: xr.Dataset) -> None:
    with pytest.raises(OptionError, match="cannot draw the figure 'npdf'") as caught:
        copper.drop_vars("G_neutron").edgepair.plot.npdf()
    assert caught.value.needed == "one of xanes, pdf, dpdf"
    with pytest.raises(OptionError) as caught:
        copper.edgepair.plot.xanes(by="colour")
    assert "by (oxidation_state, coordination_number, bond_length)" in caught.value.needed
    with pytest.raises(DataError, match="cannot use this dataset"):
        xr.Dataset({"a": ("x", [1.0])}).edgepair.summary()


def test_a_dataset_that_edgepair_made_or_opened_has_it() -> None:
    code = "import edgepair; edgepair.load_bundled('Cu').edgepair.split()"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
