"""What a model of measured XANES learns from: standards, and simulations made to look measured."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d

from edgepair.conventions import TASKS, edge_energy
from edgepair.dataset import average_sites, select_sites
from edgepair.features.xanes import AREA_REACH, OWN_EDGE, STEP, area_edge, own_edge

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from edgepair.conventions.tasks import Floats
    from edgepair.prediction.sample import EnergyWindow
    from edgepair.standards import Standard

MOST_SIMULATED = 300
"""Simulated rows per absorber, drawn evenly over pairs of coordination number and oxidation state."""

FEWEST_COMPOUNDS = 20
"""Measured compounds, of any absorber, from which on they alone tell how far answers are off. With
fewer, intervals would rest on a handful of misses: simulated rows then vote too, formula by formula."""

MOST_ALONE = 2000
"""Simulated rows of all absorbers where there are so few standards. They are drawn plainly at random,
because what votes must be a fair sample of what is asked."""

OWN_SOURCES = ("the user's own", "the user's dataset")
"""What standards of the user's own say of where they come from."""

BROADENING = (0.3, 1.2)
STRETCH = 0.02
AMPLITUDE = 0.03
"""What is done to simulated spectra at random, so that they differ as measured ones do: broadening
by a Gaussian (standard deviation, eV), stretch of energies about the edge, height above it."""


@dataclass(frozen=True)
class XanesRows:
    """Spectra with known values, (n, n_grid); ``edge`` (n,) in eV."""

    mu: Floats
    absorber: NDArray[np.str_]
    group: NDArray[np.str_]
    name: NDArray[np.str_]
    formula: NDArray[np.str_]
    source: NDArray[np.str_]
    simulated: NDArray[np.bool_]
    shift_known: NDArray[np.bool_]
    edge: Floats
    targets: dict[str, Floats]

    @cached_property
    def few_measured(self) -> bool:
        """Whether there are so few standards that simulated rows stand for measured ones."""
        return len(np.unique(self.group[~self.simulated])) < FEWEST_COMPOUNDS

    @cached_property
    def votes(self) -> NDArray[np.bool_]:
        """Which rows tell how far answers are off; returns (n,)."""
        return self.group != "" if self.few_measured else ~self.simulated

    def has_standards(self, absorber: str) -> bool:
        """Tell whether an absorber's energies are those of measurements."""
        return bool((~self.simulated & (self.absorber == absorber)).any())


@dataclass(frozen=True)
class SimulatedSpectrum:
    """A simulated spectrum of a material, or of a site of an incomplete one; energies in eV."""

    absorber: str
    name: str
    formula: str
    energy: Floats
    mu: Floats
    values: dict[str, float]


def collection(standard: Standard) -> str:
    """Name the collection that a standard belongs to."""
    if standard.source in OWN_SOURCES:
        return ""
    first, mark, _ = standard.name.partition("__")
    return first if mark else standard.beamline


def to_own_edge(energy: Floats, mu: Floats, window: EnergyWindow) -> float:
    """Find what moves a spectrum's own edge to `OWN_EDGE`; ``energy, mu`` (n_energy,)."""
    return OWN_EDGE - own_edge(energy, mu, min(AREA_REACH, window.high - OWN_EDGE))


def material_spectra(dataset: xr.Dataset) -> list[SimulatedSpectrum]:
    """Average a dataset's spectra over the sites of each material, as a measurement does."""
    complete = dataset["complete"].values
    alone = ~complete[dataset["material_index"].values]
    parts = [average_sites(dataset)] if complete.any() else []
    parts += [select_sites(dataset, np.flatnonzero(alone))] if alone.any() else []
    place = {str(name): number for number, name in enumerate(dataset["material_id"].values)}
    return sorted((one for part in parts for one in _rows_of(part)), key=lambda one: place[one.name])


def _rows_of(dataset: xr.Dataset) -> Iterator[SimulatedSpectrum]:
    absorber = str(dataset.attrs["absorber"])
    energy = dataset["energy"].values - edge_energy(absorber)
    labels = {task: dataset[task].values for task in TASKS if task in dataset}
    names, formulas = dataset["material_id"].values, dataset["formula"].values
    for row, material in enumerate(dataset["material_index"].values):
        values = {task: float(known[row]) for task, known in labels.items()}
        mu = dataset["mu"].values[row].astype(np.float64)
        yield SimulatedSpectrum(absorber, str(names[material]), str(formulas[material]), energy, mu, values)


def choose_evenly(
    spectra: Sequence[SimulatedSpectrum], most: int, rng: np.random.Generator
) -> list[SimulatedSpectrum]:
    """Draw spectra in turn from each pair of coordination number and oxidation state."""
    kinds: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number in rng.permutation(len(spectra)):
        values = spectra[number].values
        pair = [values.get(name, math.nan) for name in ("coordination_number", "oxidation_state")]
        key = tuple(-1 if math.isnan(value) else round(value) for value in pair)
        kinds[key[0], key[1]].append(int(number))
    chosen: list[int] = []
    turn = 0
    while len(chosen) < min(most, len(spectra)):
        chosen += [members[turn] for members in kinds.values() if turn < len(members)]
        turn += 1
    return [spectra[number] for number in chosen[:most]]


def make_measured(spectrum: SimulatedSpectrum, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Change a simulated spectrum at random as measurements and other codes would; (n_even,) in eV."""
    even = np.arange(spectrum.energy[0], spectrum.energy[-1] + 1e-6, STEP)
    mu = np.interp(even, spectrum.energy, spectrum.mu)
    mu = gaussian_filter1d(mu, rng.uniform(*BROADENING) / STEP, mode="nearest")
    edge = even[int((mu > 0.5).argmax())]
    stretched = edge + (even - edge) * (1.0 + rng.normal(0.0, STRETCH))
    mu = mu * (1.0 + rng.normal(0.0, AMPLITUDE) * np.clip((even - edge) / 10.0, 0.0, 1.0))
    return stretched, mu


def simulation_shifts(
    simulated: Sequence[SimulatedSpectrum], standards: Sequence[Standard], window: EnergyWindow
) -> dict[int | None, float]:
    """Find what lays an absorber's simulated energies on the measured scale; returns in eV."""
    grid = window.grid()

    def means(values: list[tuple[float, float]], curves: list[Floats]) -> dict[tuple, float]:  # type: ignore[type-arg]
        edges: dict[tuple[int, int], list[float]] = defaultdict(list)
        if curves:
            for (state, number), edge in zip(values, area_edge(grid, np.array(curves)), strict=True):
                if not (math.isnan(state) or math.isnan(number)):
                    edges[round(state), round(number)].append(float(edge))
        return {kind: float(np.mean(found)) for kind, found in edges.items()}

    of_simulated = means(
        [
            (s.values.get("oxidation_state", math.nan), s.values.get("coordination_number", math.nan))
            for s in simulated
        ],
        [window.show(s.energy, s.mu) for s in simulated],
    )
    known = [s for s in standards if not math.isnan(s.energy_shift)]
    of_measured = means(
        [(s.oxidation_state, s.coordination_number) for s in known],
        [window.show(s.energy - edge_energy(s.absorber), s.mu) for s in known],
    )
    apart = {kind: of_measured[kind] - of_simulated[kind] for kind in of_measured if kind in of_simulated}
    overall = float(np.median([*apart.values()])) if apart else 0.0
    by_state: dict[int | None, float] = {None: overall}
    for state in {kind[0] for kind in apart}:
        mine = [by for kind, by in apart.items() if kind[0] == state]
        by_state[state] = (float(np.median(mine)) + overall) / 2.0
    return by_state


def collect_rows(
    window: EnergyWindow,
    standards: Sequence[Standard],
    simulated: Mapping[str, Sequence[SimulatedSpectrum]],
    seed: int = 0,
    *,
    aligned: bool = False,
) -> XanesRows:
    """Gather standards and simulated spectra on the grid of a window."""
    rng = np.random.default_rng(seed)
    edge: list[float] = []

    def show(energy: Floats, curve: Floats) -> Floats:
        by = to_own_edge(energy, curve, window)
        edge.append(OWN_EDGE - by)
        return window.show(energy + by if aligned else energy, curve)

    mu = [show(s.energy - edge_energy(s.absorber), s.mu) for s in standards]
    absorber = [s.absorber for s in standards]
    group = [f"{s.absorber} {s.compound}" for s in standards]
    name, formula = [s.name for s in standards], [s.formula for s in standards]
    values = {task: [float(getattr(s, task)) for s in standards] for task in TASKS}
    compound = {(s.absorber, s.formula): g for s, g in zip(standards, group, strict=True) if s.formula}
    few = len(set(group)) < FEWEST_COMPOUNDS
    for symbol in sorted(simulated):
        if few:
            most = max(MOST_SIMULATED, MOST_ALONE // len(simulated))
            chosen = [simulated[symbol][i] for i in rng.permutation(len(simulated[symbol]))[:most]]
        else:
            chosen = choose_evenly(simulated[symbol], MOST_SIMULATED, rng)
        shifts = simulation_shifts(chosen, [s for s in standards if s.absorber == symbol], window)
        for spectrum in chosen:
            energy, changed = make_measured(spectrum, rng)
            state = spectrum.values.get("oxidation_state", np.nan)
            shift = shifts.get(None if np.isnan(state) else round(state), shifts[None])
            mu.append(show(energy + shift, changed))
            absorber.append(symbol)
            own = f"{symbol} {spectrum.formula or spectrum.name}" if few else ""
            group.append(compound.get((symbol, spectrum.formula), own))
            name.append(spectrum.name)
            formula.append(spectrum.formula)
            for task in TASKS:
                values[task].append(spectrum.values.get(task, np.nan))
    n = len(standards)
    known = np.array([not np.isnan(s.energy_shift) for s in standards] + [True] * (len(mu) - n), dtype=bool)
    return XanesRows(
        np.array(mu),
        np.array(absorber),
        np.array(group),
        np.array(name),
        np.array(formula),
        np.array([collection(s) for s in standards] + ["simulated"] * (len(mu) - n)),
        np.arange(len(mu)) >= n,
        known,
        np.array(edge),
        {task: np.array(found) for task, found in values.items()},
    )
