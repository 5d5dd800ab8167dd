"""Which edge a spectrum shows, and whether it shows one at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from edgepair.conventions import K_EDGES, DataError, OptionError, edge_energy
from edgepair.conventions.tasks import Floats
from edgepair.spectra import find_e0, normalize_mu
from edgepair.spectra.smoothing import without_spikes

CLEAR = 10.0
"""Edge step over noise from which an edge counts as seen."""

NEAR = (-25.0, 35.0)
"""eV around a tabulated edge within which an E0 is recognised as it: oxides have their edges up to
22 eV above the metal's, and monochromators are off by some electronvolts, seldom by 20."""

FAR = 50.0
"""eV between E0 and the edge that the header names from which the two disagree."""

_HIGHEST_PEAK = 6.0
"""Edge steps: no white line in hard x-rays reaches this; the slope of a spectrum, which ends where it
began, passes it by far."""

_STRONG = 2.5
"""Edge steps of a white line from which it is one of an L3 edge, not of a K edge of V, Cr, Mn, Fe or Ni."""

_NEAR_OXIDES = tuple(K_EDGES.items())[19:71]
"""Ca to Lu: K edges between 4 and 63 keV, where measurements of oxides are made."""


@dataclass(frozen=True)
class Evidence:
    """What the numbers say of a curve over energy: an absorption, or why not."""

    e0: float | None = None
    step: float = 0.0
    contrast: float = 0.0
    symbol: str | None = None
    doubt: str = "shows no edge"
    impossible: bool = False
    """No absorption can be so, not even one that is weak or noisy."""
    peak: float = 0.0
    """Edge steps to the top of the white line."""

    @property
    def falls(self) -> bool:
        """Whether the curve surely falls at an edge, as an intensity behind the sample does."""
        return self.impossible and self.step < 0

    @property
    def clear(self) -> bool:
        """Whether an edge rises far above the noise, as that of an absorption does."""
        return not self.doubt and self.contrast >= CLEAR


def judge_edge(energy: Floats, mu: Floats, *, near: float | None = None) -> Evidence:
    """Judge whether finite points at increasing eV are an absorption; ``near``: the edge that is named."""
    if len(energy) < 10 or not np.ptp(mu) > 0:
        doubt = "does not change" if len(energy) >= 10 else "has too few usable values"
        return Evidence(doubt=doubt, impossible=True)
    clean = without_spikes(mu)
    rising = _judge(energy, clean, near)
    if hides_edge(mu):
        # An edge in noise alone is the polynomial's.
        return replace(rising, contrast=min(rising.contrast, 0.99 * CLEAR))
    if rising.clear:
        return rising
    falling = _judge(energy, -clean, near)
    # An edge that falls lies where one that rises would: noise behind a weak edge falls anywhere.
    placed = near is None or falling.e0 is None or NEAR[0] <= falling.e0 - near <= NEAR[1]
    if falling.clear and placed and falling.contrast > 3 * rising.contrast:
        return Evidence(
            e0=falling.e0, step=-falling.step, contrast=falling.contrast, symbol=falling.symbol,
            doubt=f"falls at {falling.e0:.1f} eV, as an intensity behind the sample does", impossible=True,
        )  # fmt: skip
    return rising


def hides_edge(mu: Floats, contrast: float = CLEAR) -> bool:
    """Whether noise hides any edge of that contrast, by means of ten points and the quietest quarter."""
    if len(mu) < 80:
        return False
    clean = without_spikes(mu)
    second = np.abs(np.diff(clean, 2))
    length = len(second) // 4
    noise = np.quantile(second[: 4 * length].reshape(4, length), 0.8, axis=1).min() / 1.2816 / np.sqrt(6.0)
    sums = np.cumsum(clean)
    return bool(np.ptp(sums[10:] - sums[:-10]) / 10 < 0.7 * contrast * noise)


def _judge(x: Floats, y: Floats, near: float | None) -> Evidence:
    from scipy.ndimage import median_filter

    try:
        try:
            e0 = find_e0(x, y, near=near)
        except DataError:
            e0 = find_e0(x, y)
        spectrum = normalize_mu(x, y, e0=e0)
    except DataError:
        return Evidence()
    above = y[x > spectrum.e0]
    if len(above) < 6 or (x < spectrum.e0).sum() < 3:
        return Evidence()
    second = np.diff(above, 2)
    # Of independent noise the second difference has a variance of 6 times that of a point, and four
    # fifths of it lie within 1.28 deviations; the rest may be structure behind the edge.
    noise = float(np.quantile(np.abs(second - np.median(second)), 0.8)) / 1.2816 / np.sqrt(6.0)
    floor = 1e-9 * float(np.abs(y).max())
    contrast = float(spectrum.edge_step / max(noise, floor))
    if contrast < CLEAR:
        return Evidence(e0, float(spectrum.edge_step), contrast, element_at(e0), "")
    doubt = ""
    top = median_filter(spectrum.mu, size=5, mode="nearest")[(x > e0 - 10) & (x < e0 + 40)]
    level = spectrum.mu[(x > e0 + 15) & (x < e0 + 100)]
    peak = float(top.max()) if len(top) else 0.0
    if peak > _HIGHEST_PEAK or (len(level) > 5 and float(np.median(level)) < 0.1):
        doubt = "is a peak that comes down again, as the derivative of a spectrum is"
    return Evidence(e0, float(spectrum.edge_step), contrast, element_at(e0), doubt, peak=peak)


def element_at(e0: float) -> str | None:
    """Name the element whose K edge lies at an E0 (eV), where one alone does."""
    near = [symbol for symbol, tabulated in _NEAR_OXIDES if NEAR[0] <= e0 - tabulated <= NEAR[1]]
    return near[0] if len(near) == 1 else None


def l_edges_at(e0: float) -> list[tuple[str, str]]:
    """List the L edges that lie at an E0 (eV), element and name: L3 first, the nearest of each first."""
    found = [
        (-int(name[1]), abs(e0 - at), symbol, name)
        for symbol, name, at in _l_edges()
        if NEAR[0] <= e0 - at <= -NEAR[0]
    ]
    return [(symbol, name) for *_, symbol, name in sorted(found)]


@cache
def _l_edges() -> list[tuple[str, str, float]]:
    import xraydb

    edges = ((symbol, xraydb.xray_edges(symbol)) for symbol in list(K_EDGES)[39:92])
    return [(s, name, at.energy) for s, known in edges for name, at in known.items() if name[0] == "L"]


def k_edges_within(energy: Floats) -> bool:
    """Whether the K edge of an element may lie within energies (eV)."""
    low, high = float(np.nanmin(energy)), float(np.nanmax(energy))
    return any(low < at + NEAR[1] and at + NEAR[0] < high for _, at in _NEAR_OXIDES)


def edge_in_scan(symbol: str | None, edge: str | None, energy: Floats) -> float | None:
    """Give the tabulated energy (eV) of the edge that a file names, where its scan reaches it at all."""
    if symbol is None:
        return None
    at = K_EDGES.get(symbol) if (edge or "K") == "K" else _other_edge(symbol, str(edge))
    return at if at is not None and energy[0] - FAR < at < energy[-1] + FAR else None


def _other_edge(symbol: str, edge: str) -> float | None:
    import xraydb

    try:
        found = xraydb.xray_edge(symbol, edge)
    except ValueError:
        return None
    return float(found.energy) if found else None


def settle_absorber(
    energy: Floats,
    mu: Floats,
    *,
    header_symbol: str | None,
    header_edge: str | None,
    given: str | None,
    named: str = "",
) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Settle element and edge by user, header, names and the edge found; with what disagrees."""
    if given is not None:
        edge_energy(given)
    try:
        e0 = find_e0(energy, mu, near=edge_in_scan(given or header_symbol, "K", energy))
    except DataError:
        try:
            e0 = find_e0(energy, mu)
        except DataError:
            e0 = None
    seen = None if e0 is None else element_at(e0)
    warnings: list[str] = []
    if given and header_symbol and given != header_symbol:
        warnings.append(f"the header names {header_symbol}, {given} was asked for")
    if given:
        _check_given(given, header_edge, energy, e0, seen)
    elif header_symbol:
        header_symbol, header_edge, doubts = _check_header(
            header_symbol, header_edge, energy, seen, e0, named
        )
        warnings += doubts
    symbol = given or header_symbol
    edge = header_edge or ("K" if symbol or seen else None)
    if symbol is None:
        heavy = _l_edge(energy, mu, e0, seen) if e0 is not None and edge in (None, "K") else None
        if heavy:
            strong = f"its white line is too strong for the K edge of {seen}: " if seen else ""
            return None, edge, (*warnings, f"{strong}the edge at {e0:.1f} eV lies where the {heavy}; "
                                "only K edges are understood")  # fmt: skip
        return seen, "K" if seen else edge, (*warnings, *_other_edges(energy, mu, seen))
    if edge != "K":
        return symbol, edge, (*warnings, f"the header names the {edge} edge; only K edges are understood")
    tabulated = edge_energy(symbol)
    if e0 is None:
        warnings.append("no edge was found in the spectrum")
    elif abs(e0 - tabulated) > FAR:
        who = "asked for" if given else "named by the header"
        inside = energy[0] + 20 < tabulated < energy[-1] - 20
        warnings.append(
            f"the steepest rise is at {e0:.1f} eV, the K edge of {symbol}, {who}, at {tabulated:.1f} eV"
            + (f": this looks like {seen}" if seen and not inside else "")
            + (": the scan holds both, the other edge must be left out" if inside else "")
        )
    return symbol, edge, tuple(warnings)


def _l_edge(energy: Floats, mu: Floats, e0: float, seen: str | None) -> str:
    """Name the L edge that a spectrum shows where no K edge lies, or where its white line is too strong."""
    one = judge_edge(energy, mu)
    if not one.clear or (seen and one.peak < _STRONG):
        return ""
    return next((f"{name} edge of {s} does" for s, name in l_edges_at(e0) if not seen or name == "L3"), "")


def _other_edges(energy: Floats, mu: Floats, seen: str | None) -> list[str]:
    """Name further K edges of a scan whose element nobody said: another one may be meant."""
    inside = [(s, at) for s, at in _NEAR_OXIDES if energy[0] + 40 < at < energy[-1] - 60 and s != seen]
    found = []
    least = 0.1 * judge_edge(energy, mu).step if inside and seen else np.inf
    for symbol, at in inside:
        near = (energy > at - 80) & (energy < at + 150)
        one = judge_edge(energy[near], mu[near])
        if one.clear and one.symbol == symbol and one.step > least:
            found.append(
                f"taken as {seen}; the scan rises at {one.e0:.1f} eV too, where the K edge of {symbol} lies: "
                f"choose with --absorber"
            )
    return found


def _check_given(symbol: str, edge: str | None, energy: Floats, e0: float | None, seen: str | None) -> None:
    """Refuse an element that the scan cannot show, and say what it shows."""
    reached = edge_in_scan(symbol, "K", energy) or edge_in_scan(symbol, edge, energy)
    if reached is not None or e0 is None or seen is None:
        return
    raise OptionError(
        f"cannot take the spectrum as one of {symbol}",
        found=f"an edge at {e0:.1f} eV, where that of {seen} lies; the scan runs from {energy[0]:.1f} to "
        f"{energy[-1]:.1f} eV",
        needed=f"a scan over the K edge of {symbol}, at {edge_energy(symbol):.1f} eV",
        suggestion=f"--absorber {seen}, or leave the option out; --energy-unit and --energy-column where "
        "the energies are not these",
    )


def _check_header(
    symbol: str, edge: str | None, energy: Floats, seen: str | None, e0: float | None, named: str
) -> tuple[str | None, str | None, list[str]]:
    """Take what a file says of its element as a placeholder where the scan cannot hold it."""
    try:
        edge_energy(symbol)
    except OptionError:
        return None, edge, [f"the header names an unknown element {symbol!r}"]
    if edge_in_scan(symbol, edge, energy) is not None:
        compound = seen and re.search(rf"(?<![A-Za-z]){seen}(?![a-z])", named)
        if edge in (None, "K") or not compound or seen == symbol:
            return symbol, edge, []
        return seen, "K", [f"the file says {symbol} {edge}; its name and the edge at {e0:.1f} eV say {seen}"]
    import xraydb

    edges = {name: at.energy for name, at in xraydb.xray_edges(symbol).items()}
    inside = [n for n, at in edges.items() if energy[0] - 20 < at < energy[-1] + 20 and n[0] in "KL"]
    if inside and not seen:
        return symbol, inside[0], []
    if seen is None:
        return symbol, edge, []
    note = f"the file names {symbol}, whose edges lie outside the scan: the edge at {e0:.1f} eV is {seen}'s"
    return None, None, [note]
