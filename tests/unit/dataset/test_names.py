"""Names of materials and formulas: missing ones never become one group."""

from __future__ import annotations

import numpy as np
import pytest

from edgepair.conventions import DataError
from edgepair.dataset import from_arrays

ENERGY = np.arange(7100.0, 7160.0)
MU = 1 / (1 + np.exp(-(ENERGY - np.linspace(7116, 7122, 4)[:, None])))


@pytest.mark.parametrize("missing", [None, "", "  ", float("nan")])
@pytest.mark.parametrize("name", ["formula", "material_id"])
def test_a_missing_name_is_refused(name: str, missing: object) -> None:
    names = ["FeO", missing, "Fe2O3", "Fe3O4"]
    with pytest.raises(DataError, match=f"{name}") as caught:
        from_arrays(absorber="Fe", energy=ENERGY, mu=MU, **{name: names})  # type: ignore[arg-type]
    assert "site 1" in caught.value.found


def test_formulas_of_the_absorber_are_reduced_and_other_names_kept() -> None:
    names = ["Fe4O6", "Fe2O3", "S2", "sample 7"]
    dataset = from_arrays(absorber="Fe", energy=ENERGY, mu=MU, formula=names)
    assert dataset["formula"].values.tolist() == ["Fe2O3", "Fe2O3", "S2", "sample 7"]
