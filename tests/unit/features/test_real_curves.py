"""Numbers of real curves: what is known of them from elsewhere must come out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from edgepair.dataset import load_bundled
from edgepair.features import describe_pdf, describe_xanes, find_xanes_regions
from edgepair.features.shells import find_shells
from edgepair.measured import read_pdf, read_xanes
from edgepair.spectra import normalize_mu

SPINELS = tuple(f"{name}_total_scattering_RT_after_200r" for name in ("1", "3-2", "4", "5-5"))


@pytest.mark.parametrize("absorber", ["Mn", "Fe", "V", "Cr"])
def test_edge_rises_with_the_oxidation_state(absorber: str) -> None:
    """Wong et al., Phys. Rev. B 30, 5596 (1984): of V; the same holds for its neighbours."""
    data = load_bundled(absorber)
    state = data["oxidation_state"].values
    known = np.isfinite(state)
    edge = describe_xanes(data["energy"].values, data["mu"].values).edge_position.to_numpy()[known]
    state, formula = state[known], data["formula"].values[data["material_index"].values[known]]
    one = np.unique(formula, return_index=True)[1]
    edge, state = edge[one], state[one]
    rng = np.random.default_rng(0)
    edge, state = rankdata(edge), rankdata(state)
    correlation = np.corrcoef(edge, state)[0, 1]
    # a label-permutation test over formulas
    shuffled = [np.corrcoef(edge, rng.permutation(state))[0, 1] for _ in range(200)]
    assert correlation > max(shuffled)
    assert correlation > 0.3


@pytest.mark.parametrize("absorber", ["Cr", "Mn", "Fe", "Co", "Ni"])
def test_first_shell_of_a_dpdf_lies_at_the_bond_length(absorber: str) -> None:
    data = load_bundled(absorber)
    material = data["material_index"].values
    alone = np.bincount(material, minlength=data.sizes["material"])[material] == 1
    alone &= data["complete"].values[material]
    found = describe_pdf(data["r"].values, data["G_M"].values).first_shell_position.to_numpy()[material]
    length = data["bond_length"].values
    close = np.abs(found - length)[alone & np.isfinite(length)]
    # the top of the peak is not the mean of distances that differ
    assert np.nanmedian(close) < 0.03


@pytest.mark.parametrize(("absorber", "least"), [("Cr", 0.80), ("Fe", 0.85), ("Co", 0.85), ("Cu", 0.75)])
def test_first_shell_of_a_total_pdf_holds_the_bond_length(absorber: str, least: float) -> None:
    """Phosphates and silicates too; what is left are peaks of heavier cations, which nothing tells."""
    data = load_bundled(absorber)
    material, length = data["material_index"].values, data["bond_length"].values
    first = np.unique(material, return_index=True)[1]
    first = first[np.isfinite(length[first])][:300]
    shells = find_shells(data["r"].values.astype(float), data["G"].values[material[first]], dip=False)
    held = (shells.low <= length[first]) & (length[first] <= shells.high)
    assert held.mean() > least


@pytest.fixture(scope="module")
def iron(shared: Path) -> pd.DataFrame:
    """Iron standards of one beamline, on the scale of the foil measured beside each."""
    folder = shared / "data" / "experiment"
    index = pd.read_csv(folder / "xanes_index.csv")
    index = index[index.file.str.contains("bmm-standards__Fe") & (index.quality != "C")]
    rows = []
    for record in index.itertuples():
        scan = read_xanes(folder / record.file, absorber="Fe")[0]
        spectrum = normalize_mu(scan.energy, scan.mu, near=7112.0)
        row = describe_xanes(spectrum.energy + record.suggested_energy_shift_eV, spectrum.mu).iloc[0]
        regions = find_xanes_regions(spectrum.energy, spectrum.mu)
        extra = {"state": record.oxidation_state, "compound": record.compound, "regions": len(regions)}
        extra |= {f"{region.name}_width": region.high - region.low for region in regions}
        rows.append({**row, **extra, "coordination": record.coordination_number})
    return pd.DataFrame(rows)


def test_measured_iron_standards_have_every_number(iron: pd.DataFrame) -> None:
    assert len(iron) > 20
    assert iron[["edge_position", "white_line_position", "pre_edge_area"]].notna().all(axis=None)
    assert (iron.regions == 4).all()
    assert iron.white_line_width.between(4, 20.01).all()


def test_measured_pre_edge_centroids_tell_iron_ii_from_iron_iii(iron: pd.DataFrame) -> None:
    """Wilke et al., Am. Mineral. 86, 714 (2001): they differ by 1.4 eV, and lie at 7112.1 and 7113.5
    eV where the foil's first inflection is at 7112 eV."""
    centroid = iron.groupby("state").pre_edge_centroid.median()
    assert centroid[3] - centroid[2] == pytest.approx(1.4, abs=0.4)


def test_measured_edges_of_iron_iii_lie_above_those_of_iron_ii(iron: pd.DataFrame) -> None:
    octahedral = iron[iron.coordination == 6]
    edges = octahedral.groupby("state").edge_position
    # 10th against 90th percentile: no single mineral decides
    assert edges.quantile(0.1)[3] > edges.quantile(0.9)[2]
    assert edges.median()[3] - edges.median()[2] == pytest.approx(4.0, abs=1.0)


def test_measured_vanadates_have_the_strongest_pre_edge(shared: Path) -> None:
    """Wong et al. (1984): from V2O3 over VO2 to V2O5 the pre-edge peak grows and the edge rises."""
    folder = shared / "data" / "experiment" / "xanes" / "V"
    rows = []
    for name in ("V2O3", "VO2", "V2O5"):
        scan = read_xanes(folder / f"bmm-standards__V-{name}.xdi", absorber="V")[0]
        spectrum = normalize_mu(scan.energy, scan.mu, near=5465.0)
        rows.append(describe_xanes(spectrum.energy, spectrum.mu).iloc[0])
    assert rows[0].pre_edge_area < rows[1].pre_edge_area < rows[2].pre_edge_area
    assert rows[0].edge_position < rows[1].edge_position < rows[2].edge_position


@pytest.mark.parametrize(
    ("name", "dip", "first"),
    [
        # Mn-O of MnO, a/2 = 2.22 Å; Ti-O of SrTiO3, a/2 = 1.95 Å
        ("Mn/pdfttp_data__npdf_07334.gr", True, 2.22),
        ("Ti/diffpy.srmise__SrTiO3_qmax26.gr", False, 1.95),
        # the index's reading of spinels; beside it stands a peak at 1.6 Å, where silica has its own
        *((f"Mn/ToSCA__spinel{name}.gr", False, 1.98) for name in SPINELS),
    ],
)
def test_measured_pdfs_show_the_bond(shared: Path, name: str, dip: bool, first: float) -> None:
    path = next((shared / "data" / "experiment" / "pdf").rglob(Path(name).name))
    curve = read_pdf(path)
    curve = curve[0] if isinstance(curve, tuple) else curve
    found = describe_pdf(curve.r, curve.G, dip=dip).iloc[0]
    assert found.first_shell_position == pytest.approx(first, abs=0.05)
