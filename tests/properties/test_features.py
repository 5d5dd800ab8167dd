"""Properties of the numbers and regions of spectra and pair distribution functions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from edgepair.features import (
    NUMBERS,
    Region,
    describe_pdf,
    describe_xanes,
    find_pdf_regions,
    find_xanes_regions,
)

Floats = NDArray[np.float64]
FEW = settings(max_examples=25, deadline=None)
PLACES = [name for name, number in NUMBERS.items() if name.endswith(("position", "centroid"))]


@st.composite
def spectra(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """An edge with peaks before it, a white line and waves, on any range and step."""
    step = draw(st.sampled_from([0.1, 0.25, 0.4, 1.0]))
    energy = np.arange(7112 - draw(st.floats(2, 60)), 7112 + draw(st.floats(5, 120)), step)
    e0 = 7112 + draw(st.floats(0, 15))
    x = energy - e0
    mu = 1 / (1 + np.exp(-x / draw(st.floats(0.5, 3))))
    mu += draw(st.floats(0, 0.9)) * np.exp(-0.5 * ((x + draw(st.floats(7, 13))) / 1.2) ** 2)
    mu += draw(st.floats(0, 1.5)) * np.exp(-0.5 * ((x - draw(st.floats(3, 12))) / 3) ** 2)
    mu += 0.1 * np.sin(np.sqrt(np.clip(x, 0, None)) * draw(st.floats(0.5, 2))) * (x > 0)
    noise = draw(st.sampled_from([0.0, 0.003, 0.03]))
    return energy, mu + noise * np.random.default_rng(0).normal(size=len(x))


@st.composite
def pdfs(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Shells on a baseline, with ripples, on any range and step."""
    step = draw(st.sampled_from([0.01, 0.05, 0.1]))
    r = np.arange(draw(st.floats(0.01, 2.5)), draw(st.floats(3.6, 20)), step)
    radial = np.zeros_like(r)
    for low, high in ((1.6, 2.4), (2.6, 3.4), (3.4, 4.5)):
        at, n, s = draw(st.floats(low, high)), draw(st.floats(0.1, 12)), draw(st.floats(0.05, 0.15))
        radial += n / s * np.exp(-0.5 * ((r - at) / s) ** 2)
    return r, radial / r - draw(st.floats(0.1, 1.5)) * r + draw(st.floats(0, 1)) * np.sin(25 * r)


def is_cover(regions: tuple[Region, ...], axis: Floats) -> bool:
    inner = all(a.high == b.low for a, b in pairwise(regions))
    wide = all(region.low < region.high for region in regions)
    return not regions or (inner and wide and regions[0].low == axis[0] and regions[-1].high == axis[-1])


@FEW
@given(spectra(), st.integers(-5000, 5000))
def test_shifted_energies_move_positions_and_nothing_else(
    spectrum: tuple[Floats, Floats], shift: int
) -> None:
    energy, mu = spectrum
    one, other = describe_xanes(energy, mu).iloc[0], describe_xanes(energy + shift, mu).iloc[0]
    moved = one + np.array([shift if name in PLACES else 0 for name in one.index])
    # energies are thousands of eV, known to 1e-12 of that; slopes of noise amplify it
    np.testing.assert_allclose(other, moved, rtol=1e-9, atol=1e-6)


@FEW
@given(spectra())
def test_numbers_are_ordered_and_regions_cover(spectrum: tuple[Floats, Floats]) -> None:
    energy, mu = spectrum
    found = describe_xanes(energy, mu).iloc[0]
    order = found[["pre_edge_centroid", "edge_position", "white_line_position", "trough_position"]].dropna()
    assert order.is_monotonic_increasing
    assert not (found.pre_edge_area < 0)
    assert not (found.trough_depth < 0)
    within = found[[name for name in PLACES if name in found.index]].dropna()
    assert ((within >= energy[0]) & (within <= energy[-1])).all()
    regions = find_xanes_regions(energy, mu)
    assert is_cover(regions, energy)
    if np.isfinite(found.edge_position):
        edge = next(region for region in regions if region.name == "edge")
        assert edge.low <= found.edge_position <= edge.high


@FEW
@given(st.floats(0.0, 0.24), st.floats(0.1, 0.3))
def test_another_grid_changes_little(offset: float, step: float) -> None:
    def mu(energy: Floats) -> Floats:
        x = energy - 7120
        peaks = ((0.1, -9, 1.2), (0.5, 8, 3.0), (-0.2, 25, 5.0))
        curve = 1 / (1 + np.exp(-x)) + sum(h * np.exp(-0.5 * ((x - at) / s) ** 2) for h, at, s in peaks)
        return np.asarray(curve)

    fine, other = np.arange(7060, 7180, 0.05), np.arange(7060 + offset, 7180, step)
    one, two = describe_xanes(fine, mu(fine)).iloc[0], describe_xanes(other, mu(other)).iloc[0]
    # linear interpolation over 0.3 eV of curves bent over 1 eV
    np.testing.assert_allclose(two, one, atol=0.06)


@FEW
@given(arrays(np.float64, (3, 120), elements=st.floats(-5, 5)))
def test_any_curve_is_described_or_not_but_never_fails(curves: Floats) -> None:
    energy, r = 7100 + np.arange(120) * 0.5, 0.5 + np.arange(120) * 0.05
    assert len(describe_xanes(energy, curves)) == 3
    assert is_cover(find_xanes_regions(energy, curves), energy)
    for dip in (False, True):
        assert len(describe_pdf(r, curves, dip=dip)) == 3
        assert is_cover(find_pdf_regions(r, curves, dip=dip), r)


@FEW
@given(pdfs(), st.floats(0.01, 100))
def test_scale_moves_areas_and_nothing_else(curve: tuple[Floats, Floats], scale: float) -> None:
    r, G = curve
    one, other = describe_pdf(r, G).iloc[0], describe_pdf(r, scale * G).iloc[0]
    areas = [name for name in one.index if name.endswith("area")]
    np.testing.assert_allclose(other[areas], scale * one[areas], rtol=1e-6, atol=1e-6 * scale)
    np.testing.assert_allclose(other.drop(areas), one.drop(areas), rtol=1e-6, atol=1e-6)


@FEW
@given(pdfs())
def test_shells_are_ordered_and_regions_cover(curve: tuple[Floats, Floats]) -> None:
    r, G = curve
    found = describe_pdf(r, G).iloc[0]
    order = found[["first_shell_position", "second_shell_position"]].dropna()
    assert order.is_monotonic_increasing
    assert is_cover(find_pdf_regions(r, G), r)
