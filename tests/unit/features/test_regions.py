"""Regions of spectra and of pair distribution functions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from edgepair.dataset import load_bundled
from edgepair.features import Region, describe_pdf, describe_xanes, find_pdf_regions, find_xanes_regions

Floats = NDArray[np.float64]
XANES = ("pre_edge", "edge", "white_line", "post_edge")
PDF = ("before_first_shell", "first_shell", "second_shell", "higher_shells")
ENERGY = np.arange(7060.0, 7200.0, 0.25)
E0 = 7120.0


def spectrum(*, white_line: float = 0.5, trough: float = 0.2, shift: float = 0.0) -> Floats:
    x = ENERGY - E0 - shift
    return np.asarray(
        1 / (1 + np.exp(-x))
        + 0.1 * np.exp(-0.5 * (x + 9) ** 2)
        + white_line * np.exp(-0.5 * ((x - 8) / 2.5) ** 2)
        - trough * np.exp(-0.5 * ((x - 26) / 5) ** 2)
    )


def pdf(r: Floats, *, first: float = 2.0) -> Floats:
    shells = ((first, 6, 0.08), (3.0, 8, 0.1), (3.9, 12, 0.12))
    radial = sum(n / (s * np.sqrt(2 * np.pi)) * np.exp(-0.5 * ((r - d) / s) ** 2) for d, n, s in shells)
    return np.asarray(radial / r - 0.9 * r)


def cover(regions: Sequence[Region], axis: Floats) -> None:
    assert regions[0].low == axis[0]
    assert regions[-1].high == axis[-1]
    for one, other in pairwise(regions):
        assert one.high == other.low
    assert all(region.low < region.high for region in regions)


def named(regions: Sequence[Region]) -> dict[str, Region]:
    return {region.name: region for region in regions}


def test_regions_of_a_spectrum_hold_what_they_are_named_for() -> None:
    regions = find_xanes_regions(ENERGY, spectrum())
    assert tuple(region.name for region in regions) == XANES
    cover(regions, ENERGY)
    found = named(regions)
    assert found["pre_edge"].high == pytest.approx(E0 - 3.5, abs=2.5)  # after the peak, before the rise
    assert found["edge"].low < E0 < found["edge"].high
    assert found["white_line"].low < E0 + 8 < found["white_line"].high < E0 + 26
    assert {region.axis for region in regions} == {"energy"}


def test_regions_of_a_set_hold_nearly_all_edges() -> None:
    rng = np.random.default_rng(1)
    shifts = rng.normal(0, 2.0, 100)
    mu = np.array([spectrum(shift=shift) for shift in shifts])
    regions = find_xanes_regions(ENERGY, mu)
    assert tuple(region.name for region in regions) == XANES
    cover(regions, ENERGY)
    edge = named(regions)["edge"]
    own = describe_xanes(ENERGY, mu).edge_position
    assert ((own >= edge.low) & (own <= edge.high)).mean() >= 0.89
    assert edge.high - edge.low > named(find_xanes_regions(ENERGY, mu[0]))["edge"].high - (E0 + shifts[0]) + 2


@pytest.mark.parametrize(
    ("last", "names"),
    [(E0 + 3, ()), (E0 + 7, XANES[:3]), (E0 + 15, XANES), (E0 + 60, XANES)],
)
def test_regions_beyond_the_range_are_left_out(last: float, names: tuple[str, ...]) -> None:
    kept = last >= ENERGY
    regions = find_xanes_regions(ENERGY[kept], spectrum()[kept])
    assert tuple(region.name for region in regions) == names
    if names:
        cover(regions, ENERGY[kept])


def test_no_white_line_leaves_that_region_out() -> None:
    x = ENERGY - E0
    regions = find_xanes_regions(ENERGY, 0.5 + np.arctan(x / 1.5) / np.pi)
    assert [region.name for region in regions] == ["pre_edge", "edge", "post_edge"]
    cover(regions, ENERGY)


def humped(*, at: float, height: float, width: float) -> Floats:
    """A white line with a hump behind it that stays high, then a trough."""
    x = ENERGY - E0
    line, hump = 0.4 * np.exp(-0.5 * ((x - 7) / 2.5) ** 2), height * np.exp(-0.5 * ((x - at) / width) ** 2)
    return np.asarray(1 / (1 + np.exp(-x)) + line + hump - 0.1 * np.exp(-0.5 * ((x - 42) / 5) ** 2))


def test_shoulder_behind_the_white_line_is_none_of_it() -> None:
    """As of Mn(IV) and Fe(III) oxides, whose shoulder stays above half way for 10 eV and more."""
    regions = named(find_xanes_regions(ENERGY, humped(at=15, height=0.35, width=6)))
    line = regions["white_line"]
    assert line.low < E0 + 7 < line.high < E0 + 15


def test_white_line_ends_at_its_top_or_within_20_eV() -> None:
    """As of chromates and titanates, whose highest point is a broad hump far behind the rise."""
    for at in (14, 18, 24, 28):
        mu = humped(at=at, height=0.5, width=8)
        top = describe_xanes(ENERGY, mu).white_line_position[0]
        line = named(find_xanes_regions(ENERGY, mu))["white_line"]
        assert line.low < top <= line.high
        assert line.high <= max(line.low + 20, top) + 1e-9


def test_curve_that_rises_on_has_no_white_line_to_end() -> None:
    """As of K2CrO4: nothing is guessed where the top is not seen."""
    rising = 1 / (1 + np.exp(-(ENERGY - E0))) + 0.005 * np.clip(ENERGY - E0, 0, None)
    assert [region.name for region in find_xanes_regions(ENERGY, rising)] == ["pre_edge", "edge", "post_edge"]


def test_no_edge_has_no_regions() -> None:
    assert find_xanes_regions(ENERGY, np.zeros_like(ENERGY)) == ()


def test_regions_of_a_pdf_hold_what_they_are_named_for() -> None:
    r = np.arange(0.5, 15, 0.05)
    regions = find_pdf_regions(r, pdf(r))
    assert tuple(region.name for region in regions) == PDF
    cover(regions, r)
    found = named(regions)
    assert found["first_shell"].low < 2.0 < found["first_shell"].high < 2.9
    assert found["second_shell"].low < 3.0 < found["second_shell"].high
    assert {region.axis for region in regions} == {"r"}


def test_regions_of_a_set_hold_nearly_all_first_shells() -> None:
    r = np.arange(0.5, 15, 0.05)
    G = np.array([pdf(r, first=first) for first in np.random.default_rng(2).normal(2.0, 0.1, 100)])
    regions = find_pdf_regions(r, G)
    assert tuple(region.name for region in regions) == PDF
    cover(regions, r)
    first = named(regions)["first_shell"]
    own = describe_pdf(r, G).first_shell_position
    assert ((own >= first.low) & (own <= first.high)).mean() >= 0.95


@pytest.mark.parametrize(("last", "names"), [(1.7, ()), (2.5, PDF[:2]), (3.05, PDF[:3]), (9.0, PDF)])
def test_shells_beyond_the_range_are_left_out(last: float, names: tuple[str, ...]) -> None:
    r = np.arange(0.5, last, 0.05)
    regions = find_pdf_regions(r, pdf(r))
    assert tuple(region.name for region in regions) == names


@pytest.mark.parametrize("absorber", ["Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu"])
def test_bundled_sets_have_all_regions(absorber: str) -> None:
    data = load_bundled(absorber)
    few = max(1, data.sizes["site"] // 300)
    energy, mu = data["energy"].values, data["mu"].values[::few]
    regions = find_xanes_regions(energy, mu)
    assert tuple(region.name for region in regions) == XANES
    cover(regions, energy)
    edge = named(regions)["edge"]
    own = describe_xanes(energy, mu).edge_position
    assert own.notna().mean() > 0.99
    assert ((own >= edge.low) & (own <= edge.high)).mean() >= 0.88
    assert edge.high - edge.low < 15
    assert named(regions)["white_line"].high - named(regions)["white_line"].low < 15
    for name in ("G", "G_M"):
        shells = find_pdf_regions(data["r"].values, data[name].values[::few])
        assert tuple(region.name for region in shells) == PDF
        cover(shells, data["r"].values)
        first = named(shells)["first_shell"]
        assert first.low < 1.9
        assert 2.0 < first.high < 2.9
