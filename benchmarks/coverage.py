"""Try whether intervals and class sets hold what they promise, on simulated data and unseen formulas.

usage: python benchmarks/coverage.py [--absorber Fe ...] [--technique xanes pdf] [--repeats 4]

Models are fitted to the bundled simulations of part of an absorber's formulas, without the library of
standards, and asked about the other formulas. Prints, per absorber and pooled, how often 90 % intervals
of the bond length hold the truth (one vote a formula), with the binomial error of as many formulas; and
for class sets their coverage, mean size and coverage per class.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from edgepair import load_bundled
from edgepair.conventions import BUNDLED_ABSORBERS, TASKS, TECHNIQUES
from edgepair.dataset import select_sites
from edgepair.models.conformal import class_shares, group_weights
from edgepair.prediction.answers import CLASSES, Answer
from edgepair.prediction.pdf_model import PdfModel, pdf_rows
from edgepair.prediction.sample import EnergyWindow
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import SimulatedSpectrum, collect_rows, make_measured, material_spectra

LEVEL = 0.9
TRAINED = 0.7
"""Part of the formulas that a model learns from."""


@dataclass(frozen=True)
class Trial:
    """What was told of one task for unseen formulas of one absorber.

    Attributes
    ----------
    task : str
        Name.
    truth, vote : numpy.ndarray
        Shape (n,): known values, and weights by which each formula has one vote.
    in_interval, in_set : numpy.ndarray
        Shape (n,), bool; of a mean of two classes both must be in the set where each holds a quarter.
    set_size : numpy.ndarray
        Shape (n,); 0 for the bond length.
    """

    task: str
    truth: NDArray[np.float64]
    vote: NDArray[np.float64]
    in_interval: NDArray[np.bool_]
    in_set: NDArray[np.bool_]
    set_size: NDArray[np.float64]


def xanes_trial(spectra: Sequence[SimulatedSpectrum], seed: int) -> Iterator[Trial]:
    """Fit to spectra of part of the formulas, made to look measured, and ask about the others."""
    rng = np.random.default_rng([seed, 1])
    formulas = np.array([spectrum.formula for spectrum in spectra])
    learnt = _part(formulas, rng)
    window = EnergyWindow()
    absorber = spectra[0].absorber
    known = [spectrum for spectrum, kept in zip(spectra, learnt, strict=True) if kept]
    model = XanesModel(window, collect_rows(window, (), {absorber: known}, seed), seed=seed)
    asked = [spectrum for spectrum, kept in zip(spectra, learnt, strict=True) if not kept]
    features = model.features(np.array([window.show(*make_measured(s, rng)) for s in asked]), absorber)
    for task in model.fits:
        truth = np.array([spectrum.values[task] for spectrum in asked])
        yield _judge(task, truth, formulas[~learnt], model.answer(features, task, LEVEL))


def pdf_trial(dataset: xr.Dataset, technique: str, seed: int) -> Iterator[Trial]:
    """Fit to PDFs of part of the formulas, and ask about the others."""
    rng = np.random.default_rng([seed, 2])
    formulas = dataset["formula"].values.astype(str)
    learnt = _part(formulas, rng)[dataset["material_index"].values]
    model = PdfModel(pdf_rows(select_sites(dataset, learnt), technique, seed=seed), seed=seed)
    held_out = select_sites(dataset, ~learnt)
    material = np.flatnonzero(held_out["complete"].values)
    features = model.features(held_out[TECHNIQUES[technique].variable].values[material].astype(float))
    owner, weight = held_out["material_index"].values, held_out["multiplicity"].values
    for task in model.fits:
        total = np.bincount(owner, weight * held_out[task].values) / np.bincount(owner, weight)
        names = held_out["formula"].values.astype(str)[material]
        yield _judge(task, total[material], names, model.answer(features, task, LEVEL))


def _part(formulas: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.bool_]:
    names = rng.permutation(np.unique(formulas))
    kept: NDArray[np.bool_] = np.isin(formulas, names[: round(TRAINED * len(names))])
    return kept


def _judge(task: str, truth: NDArray[np.float64], formulas: NDArray[np.str_], answer: Answer) -> Trial:
    known = ~np.isnan(truth)
    inside = (answer.lower <= truth) & (truth <= answer.upper)
    held, size = np.zeros(len(truth), dtype=bool), np.zeros(len(truth))
    if task in CLASSES:
        share = class_shares(truth, CLASSES[task])
        chosen = np.array([np.isin(CLASSES[task], names) for names in answer.sets])
        held, size = ~((share >= 0.25) & ~chosen).any(axis=1), chosen.sum(axis=1).astype(float)
    return Trial(task, truth[known], group_weights(formulas[known]), inside[known], held[known], size[known])


def pooled(trials: Sequence[Trial], name: str) -> tuple[float, float, float]:
    """Average over trials of one task: the mean, its votes, and the binomial error of so many at 0.9."""
    votes = np.concatenate([trial.vote for trial in trials])
    values = np.concatenate([getattr(trial, name) for trial in trials]).astype(float)
    error = float(np.sqrt(LEVEL * (1 - LEVEL) / votes.sum()))
    return float(np.average(values, weights=votes)), float(votes.sum()), error


def _per_class(trials: Sequence[Trial]) -> str:
    truth = np.rint(np.concatenate([trial.truth for trial in trials]))
    held = np.concatenate([trial.in_set for trial in trials]).astype(float)
    votes = np.concatenate([trial.vote for trial in trials])
    return ", ".join(
        f"{int(name)}: {np.average(held[truth == name], weights=votes[truth == name]):.2f}"
        f" ({votes[truth == name].sum():.0f})"
        for name in np.unique(truth)
    )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--absorber", nargs="+", default=list(BUNDLED_ABSORBERS))
    parser.add_argument("--technique", nargs="+", default=["xanes", "pdf"])
    parser.add_argument("--repeats", type=int, default=4)
    options = parser.parse_args()
    for technique in options.technique:
        found: dict[str, dict[str, list[Trial]]] = {task: {} for task in TASKS}
        for absorber in options.absorber:
            started = time.perf_counter()
            dataset = (
                load_bundled(absorber) if technique != "xanes" else load_bundled(absorber, instrument=None)
            )
            spectra = material_spectra(dataset) if technique == "xanes" else []
            for seed in range(options.repeats):
                told = (
                    xanes_trial(spectra, seed)
                    if technique == "xanes"
                    else pdf_trial(dataset, technique, seed)
                )
                for trial in told:
                    found[trial.task].setdefault(absorber, []).append(trial)
            print(f"# {technique} {absorber}: {time.perf_counter() - started:.0f} s", flush=True)
        print(f"\n{technique}: bond length, {LEVEL:.0%} intervals")
        of_all = [trial for trials in found["bond_length"].values() for trial in trials]
        for absorber, trials in [*found["bond_length"].items(), ("all", of_all)]:
            share, votes, error = pooled(trials, "in_interval")
            within = "within" if abs(share - LEVEL) <= 2 * error else "BEYOND"
            print(
                f"    {absorber:3} {share:.3f}  of {votes:5.0f} formulas; {within} 2 · {error:.3f} of {LEVEL}"
            )
        for task in CLASSES:
            print(f"{technique}: {TASKS[task].title}, class sets (coverage, mean size; per class, formulas)")
            of_all = [trial for trials in found[task].values() for trial in trials]
            for absorber, trials in [*found[task].items(), ("all", of_all)]:
                share, size = pooled(trials, "in_set")[0], pooled(trials, "set_size")[0]
                interval = pooled(trials, "in_interval")[0]
                print(
                    f"    {absorber:3} {share:.3f}  {size:.2f}; interval {interval:.3f}; {_per_class(trials)}"
                )
        print(flush=True)


if __name__ == "__main__":
    main()
