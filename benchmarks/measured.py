"""Answers for measured files with known values, each compound or beamline left out of the training.

usage: python benchmarks/measured.py SHARED_DATA [--only unseen|new|known|pdf] [--folds 12] [--rows OUT.csv]

``unseen``: sources (the first part of a file's name) of which the library of standards holds nothing;
nothing is left out of the training, and nothing was ever chosen on them; compounds that the library
knows from elsewhere and compounds that it does not are told apart. ``new``: whole compounds are left
out, standards and simulations of their composition alike, a twelfth of them at a time.
``known``: whole beamlines are left out; compounds that others measured
too and compounds that none did are told apart. ``pdf``: PDFs, and pairs of a PDF and a spectrum of
one compound, its composition left out. One vote per compound; every row graded A or B counts where
it is labelled. Beside the model stand three baselines that see the same training standards: the
commonest answer, a straight line through E0, and a plain forest on points, slopes and the numbers
of the edge, with simulations at a twentieth of a standard's weight.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from edgepair.conventions import BUNDLED_ABSORBERS, TASKS, EdgepairError, edge_energy
from edgepair.dataset import Standard, load_bundled, load_standards
from edgepair.measured import match_instrument, prepare_pdf, read_pdf, read_xanes
from edgepair.models.edge_features import absolute_view
from edgepair.prediction.answers import CLASSES, Answer, join_answers
from edgepair.prediction.energy_window import EnergyWindow
from edgepair.prediction.pdf_model import PdfModel
from edgepair.prediction.predict import xanes_answers
from edgepair.prediction.sample import PreparedXanes, prepare_xanes
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import SimulatedSpectrum, material_spectra

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
from make_standards import expression, number, reduced

RIGHT = {"oxidation_state": 0.34, "coordination_number": 0.5}
COLUMNS = {
    "oxidation_state": "oxidation_state",
    "coordination_number": "coordination_number",
    "bond_length": "mean_bond_length_A",
}
PLAIN_WEIGHT = 0.05


@dataclass
class Row:
    """One measured spectrum with known values."""

    where: str
    absorber: str
    compound: str
    beamline: str
    formula: str
    quality: str
    known: dict[str, float]
    prepared: PreparedXanes
    told: dict[tuple[str, str], float] = field(default_factory=dict)
    inside: dict[str, bool] = field(default_factory=dict)
    held: dict[str, bool] = field(default_factory=dict)
    trust: str = ""
    familiar: bool = False


def read_rows(root: Path) -> list[Row]:
    """Read every spectrum of the index that is graded A or B."""
    with (root / "xanes_index.csv").open(encoding="utf-8") as lines:
        index = [row for row in csv.DictReader(lines) if row["quality"] in "AB"]
    rows = []
    for entry in index:
        shift = number(entry["suggested_energy_shift_eV"])
        try:
            scan = read_xanes(
                root / entry["file"],
                item=entry["item"] or None,
                mu=expression(entry["mu_definition"]),
                absorber=entry["element"],
            )[0]
            prepared = prepare_xanes(scan, entry["element"], shift=None if np.isnan(shift) else shift)
        except EdgepairError as error:
            print(f"refused: {entry['file']}: {error.problem}: {error.found}", file=sys.stderr)
            continue
        rows.append(
            Row(
                f"{entry['file']} {entry['item']}".strip(),
                entry["element"],
                f"{entry['element']} {entry['compound_id'].split(':', 1)[1]}",
                entry["beamline"],
                reduced(entry["compound"]),
                entry["quality"],
                {task: number(entry[column]) for task, column in COLUMNS.items()},
                prepared,
            )
        )
    return rows


def without(
    simulated: dict[str, Sequence[SimulatedSpectrum]], formulas: set[tuple[str, str]]
) -> dict[str, list[SimulatedSpectrum]]:
    """Leave out the simulations of some compositions."""
    return {
        absorber: [s for s in spectra if (absorber, s.formula) not in formulas]
        for absorber, spectra in simulated.items()
    }


def tell(
    rows: Sequence[Row], standards: Sequence[Standard], simulated: dict[str, list[SimulatedSpectrum]]
) -> None:
    """Answer for rows by models and baselines that have not seen them."""
    for window in sorted({row.prepared.window() for row in rows}, key=str):
        fitted = XanesModel(window, standards, simulated)
        baselines = Baselines(window, standards, simulated)
        for row in rows:
            if row.prepared.window() != window:
                continue
            answers, distance, _ = xanes_answers(fitted, row.prepared, window, 0.9)
            row.trust = "outside" if distance > 1 else "inside"
            for task, answer in answers.items():
                row.told["edgepair", task] = float(answer.value[0])
                row.inside[task] = bool(answer.lower[0] <= row.known[task] <= answer.upper[0])
                if answer.sets:
                    row.held[task] = bool(np.abs(np.array(answer.sets[0]) - row.known[task]).min() <= 0.5)
            for name, task, value in baselines.tell(row):
                row.told[name, task] = value


class Baselines:
    """Commonest answer, line through E0, plain forest."""

    def __init__(
        self,
        window: EnergyWindow,
        standards: Sequence[Standard],
        simulated: dict[str, list[SimulatedSpectrum]],
    ) -> None:
        self.window, self.standards, self.simulated = window, standards, simulated
        self.plain: dict[tuple[str, str], Any] = {}

    def features(self, curves: list[np.ndarray]) -> np.ndarray:
        """Points, slopes and the numbers of the edge."""
        curve, numbers, _ = absolute_view(self.window.grid(), np.array(curves))
        return np.concatenate([curve, numbers], axis=1)

    def shown(self, standard: Standard) -> np.ndarray:
        """Show a standard on the window's grid."""
        return self.window.show(standard.energy - edge_energy(standard.absorber), standard.mu)

    def tell(self, row: Row) -> Iterator[tuple[str, str, float]]:
        """Answer every task by every baseline."""
        shown = self.window.show(row.prepared.energy, row.prepared.mu)
        for task in TASKS:
            mine = [
                s for s in self.standards if s.absorber == row.absorber and not np.isnan(getattr(s, task))
            ]
            values = np.array([getattr(s, task) for s in mine])
            if not len(values):
                continue
            common = values.mean() if task == "bond_length" else pd.Series(values.round(1)).mode()[0]
            yield "commonest", task, float(common)
            yield "line", task, self._line(mine, values, shown)
            yield "plain", task, self._plain(row.absorber, task, mine, values, shown)

    def _line(self, mine: list[Standard], values: np.ndarray, shown: np.ndarray) -> float:
        grid = self.window.grid()
        edges = [half_height(grid, self.shown(s)) for s in mine]
        if len(set(values)) < 2 or np.ptp(edges) < 0.5:
            return float(values.mean())
        return float(np.polyval(np.polyfit(edges, values, 1), half_height(grid, shown)))

    def _plain(
        self, absorber: str, task: str, mine: list[Standard], values: np.ndarray, shown: np.ndarray
    ) -> float:
        from sklearn.ensemble import ExtraTreesRegressor

        if (absorber, task) not in self.plain:
            others = [s for s in self.simulated[absorber] if not np.isnan(s.values[task])][:400]
            curves = [self.shown(s) for s in mine] + [self.window.show(s.energy, s.mu) for s in others]
            target = np.concatenate([values, [s.values[task] for s in others]])
            weight = np.r_[np.ones(len(mine)), np.full(len(others), PLAIN_WEIGHT)]
            forest = ExtraTreesRegressor(100, max_features=0.3, random_state=0, n_jobs=2)
            forest.fit(self.features(curves), target, sample_weight=weight)
            forest.n_jobs = 1
            self.plain[absorber, task] = forest
        return float(self.plain[absorber, task].predict(self.features([shown]))[0])


def half_height(grid: np.ndarray, mu: np.ndarray) -> float:
    """Energy at which a spectrum first reaches one half."""
    return float(grid[int((mu >= 0.5).argmax())])


def votes(rows: Sequence[Row], task: str, score: Any) -> tuple[np.ndarray, np.ndarray]:
    """One vote per compound, and the compound's rounded class."""
    found: dict[str, list[float]] = {}
    kinds: dict[str, float] = {}
    for row in rows:
        if np.isnan(row.known[task]):
            continue
        value = score(row)
        if value is not None:
            found.setdefault(row.compound, []).append(value)
            kinds[row.compound] = round(row.known[task])
    return np.array([np.mean(v) for v in found.values()]), np.array([kinds[c] for c in found])


def spread(values: np.ndarray) -> tuple[float, float]:
    """Bound a mean over compounds by a bootstrap, 95 %."""
    drawn = np.random.default_rng(0).integers(len(values), size=(1000, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), (2.5, 97.5))
    return float(low), float(high)


def line_of(rows: Sequence[Row], name: str) -> dict[str, Any]:
    """Score one learner on some rows."""
    found: dict[str, Any] = {}
    for task in TASKS:

        def score(row: Row, task: str = task) -> float | None:
            if (name, task) not in row.told:
                return None
            miss = abs(row.told[name, task] - row.known[task])
            return float(miss <= RIGHT[task]) if task in RIGHT else miss

        values, kinds = votes(rows, task, score)
        if not len(values):
            continue
        low, high = spread(values)
        short = {"oxidation_state": "state", "coordination_number": "number", "bond_length": "length"}[task]
        if task in RIGHT:
            found[f"{short} right"] = f"{100 * values.mean():.0f} ({100 * low:.0f}–{100 * high:.0f}) %"
            found[f"{short} balanced"] = (
                f"{100 * np.mean([values[kinds == k].mean() for k in set(kinds)]):.0f} %"
            )
        else:
            found[f"{short} MAE"] = f"{values.mean():.3f} ({low:.3f}–{high:.3f})"
        if name == "edgepair":
            covered, _ = votes(rows, task, lambda row, task=task: float(row.inside[task]))
            found[f"{short} covered"] = f"{100 * covered.mean():.0f} %"
        found[f"n {short}"] = len(values)
    return found


def print_tables(rows: Sequence[Row], title: str) -> None:
    """Print all groups of rows by all learners."""
    groups: dict[str, list[Row]] = {"all": list(rows)}
    groups |= {absorber: [r for r in rows if r.absorber == absorber] for absorber in BUNDLED_ABSORBERS}
    groups["rfxas"] = [r for r in rows if "rfxas" in r.where]
    groups["not outside"] = [r for r in rows if r.trust != "outside"]
    table = []
    for group, members in groups.items():
        for name in ("edgepair", "plain", "line", "commonest"):
            if members and (name == "edgepair" or group in ("all", "not outside")):
                table.append({"rows": group, "learner": name} | line_of(members, name))
    print(f"\n## {title}\n")
    shown = pd.DataFrame(table).fillna("")
    print("| " + " | ".join(shown.columns) + " |\n|" + "---|" * len(shown.columns))
    for line in shown.itertuples(index=False):
        print("| " + " | ".join(str(value) for value in line) + " |")
    compounds = {r.compound for r in rows}
    flagged = np.mean([np.mean([r.trust == "outside" for r in rows if r.compound == c]) for c in compounds])
    print(f"\n{len(rows)} spectra of {len(compounds)} compounds; {100 * flagged:.0f} % flagged outside")
    for task in CLASSES:
        held, _ = votes(rows, task, lambda row, task=task: float(row.held.get(task, False)))
        print(f"class sets of {task}: hold the known class for {100 * held.mean():.0f} %")


def bench_unseen(rows: list[Row], standards: Sequence[Standard], simulated: Any) -> None:
    """Answer for sources that the library holds nothing of, by the model as it ships."""
    in_library = {source_of(standard.name) for standard in standards}
    known = {f"{standard.absorber} {standard.compound}" for standard in standards}
    mine = [row for row in rows if source_of(row.where) not in in_library]
    for row in mine:
        row.familiar = row.compound in known
    print(f"sources: {', '.join(sorted({source_of(row.where) for row in mine}))}")
    tell(mine, standards, {k: list(v) for k, v in simulated.items()})
    print_tables([r for r in mine if r.familiar], "Unseen sources, compounds that the library knows")
    print_tables([r for r in mine if not r.familiar], "Unseen sources, compounds new to the library")


def source_of(name: str) -> str:
    """Name the collection that a file belongs to."""
    return name.rpartition("/")[2].partition("__")[0]


def bench_new(rows: list[Row], standards: Sequence[Standard], simulated: Any, folds: int) -> None:
    """Leave whole compounds out."""
    compounds = sorted({row.compound for row in rows})
    order = np.random.default_rng(0).permutation(len(compounds))
    for fold in range(folds):
        out = {compounds[i] for i in order[fold::folds]}
        mine = [row for row in rows if row.compound in out]
        formulas = {(row.absorber, row.formula) for row in mine if row.formula}
        kept = [s for s in standards if f"{s.absorber} {s.compound}" not in out]
        tell(mine, kept, without(simulated, formulas))
        print(f"fold {fold + 1} of {folds}", file=sys.stderr, flush=True)
    print_tables(rows, "New compounds: whole compounds left out")


def bench_known(rows: list[Row], standards: Sequence[Standard], simulated: Any) -> None:
    """Leave whole beamlines out."""
    for beamline in sorted({row.beamline for row in rows}):
        mine = [row for row in rows if row.beamline == beamline]
        kept = [s for s in standards if s.beamline != beamline]
        elsewhere = {f"{s.absorber} {s.compound}" for s in kept}
        for row in mine:
            row.familiar = row.compound in elsewhere
        tell(mine, kept, {k: list(v) for k, v in simulated.items()})
        print(f"{beamline}: {len(mine)} spectra", file=sys.stderr, flush=True)
    print_tables([r for r in rows if r.familiar], "Known compounds, beamline left out")
    print_tables([r for r in rows if not r.familiar], "Compounds that no other beamline measured, left out")


def bench_pdf(root: Path, rows: list[Row], standards: Sequence[Standard], simulated: Any) -> None:
    """PDFs, and pairs, with the compound's composition left out."""
    with (root / "pdf_index.csv").open(encoding="utf-8") as lines:
        index = [row for row in csv.DictReader(lines) if row["quality"] in "AB"]
    refused, table = 0, []
    for entry in index:
        try:
            curve = read_pdf(root / entry["file"], radiation=entry["radiation"])[0]
        except EdgepairError as error:
            refused += 1
            print(f"refused: {entry['file']}: {error.problem}")
            continue
        technique = "pdf" if entry["radiation"] == "x-ray" else "npdf"
        instrument = match_instrument(curve)
        data = load_bundled(entry["element"], instrument=instrument)
        formula = reduced(entry["compound"])
        fitted = PdfModel(_without_formula(data, formula), technique)
        features = fitted.features(prepare_pdf(curve, instrument)[None])
        answers = {task: fitted.answer(features, task, 0.9) for task in fitted.fits}
        pair = next((r for r in rows if r.absorber == entry["element"] and r.formula == formula), None)
        both = {}
        if pair is not None and formula:
            kept = [s for s in standards if f"{s.absorber} {s.compound}" != pair.compound]
            window = pair.prepared.window()
            model = XanesModel(window, kept, without(simulated, {(pair.absorber, formula)}))
            xanes = xanes_answers(model, pair.prepared, window, 0.9)[0]
            both = {task: join_answers(task, [xanes[task], answers[task]])[0] for task in answers}
        for task, column in COLUMNS.items():
            known = number(entry[column])
            if not np.isnan(known) and task in answers:
                common = np.nanmedian(fitted.targets[task])
                table.append(
                    {
                        "technique": technique,
                        "compound": f"{entry['element']} {formula or entry['compound']}",
                        "task": task,
                        "known": known,
                        "pdf": _shown(answers[task]),
                        "pair": _shown(both[task]) if both else "",
                        "commonest": round(float(common), 3),
                        "outside": bool(fitted.distances(features).min() > 1),
                    }
                )
    found = pd.DataFrame(table)
    print("\n## PDFs and pairs, composition left out\n")
    print(found.to_string(index=False))
    for technique, part in found.groupby("technique"):
        for task, rows_of in part.groupby("task"):
            miss = (rows_of["pdf"].str.split().str[0].astype(float) - rows_of["known"]).abs()
            base = (rows_of["commonest"] - rows_of["known"]).abs()
            by = rows_of["compound"]
            if task in RIGHT:
                right, usual = (100 * (x <= RIGHT[task]).groupby(by).mean().mean() for x in (miss, base))
                print(
                    technique, task, f"right {right:.0f} %, commonest {usual:.0f} %, {by.nunique()} compounds"
                )
            else:
                print(
                    technique,
                    task,
                    f"MAE {miss.groupby(by).mean().mean():.3f}, "
                    f"commonest {base.groupby(by).mean().mean():.3f}, {by.nunique()} compounds",
                )
    print(f"{refused} project files rightly refused")


def _shown(answer: Answer) -> str:
    return f"{answer.value[0]:.3f} ± {(answer.upper[0] - answer.lower[0]) / 2:.3f}"


def _without_formula(data: Any, formula: str) -> Any:
    keep = np.flatnonzero(data["formula"].values != formula)
    from edgepair.dataset import select_sites

    return select_sites(data, np.flatnonzero(np.isin(data["material_index"].values, keep)))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Answers for measured files with known values.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=("unseen", "new", "known", "pdf"))
    parser.add_argument("--folds", type=int, default=12)
    parser.add_argument("--rows", type=Path, help="CSV of every row's answers")
    options = parser.parse_args()
    started = time.time()
    root = options.data / "experiment"
    rows = read_rows(root)
    standards = load_standards()
    simulated = {a: material_spectra(load_bundled(a, instrument=None)) for a in BUNDLED_ABSORBERS}
    if options.only in (None, "unseen"):
        bench_unseen(rows, standards, simulated)
    if options.only in (None, "new"):
        bench_new(rows, standards, simulated, options.folds)
        if options.rows:
            keep(rows, options.rows)
    if options.only in (None, "known"):
        bench_known(rows, standards, simulated)
    if options.only in (None, "pdf"):
        bench_pdf(root, rows, standards, simulated)
    print(f"\n{time.time() - started:.0f} s")


def keep(rows: Sequence[Row], path: Path) -> None:
    """Write every row's answers."""
    table = [
        {
            "where": r.where,
            "compound": r.compound,
            "beamline": r.beamline,
            "quality": r.quality,
            "trust": r.trust,
            "calibrated": r.prepared.calibrated,
        }
        | {f"{task} known": r.known[task] for task in TASKS}
        | {f"{task} {name}": value for (name, task), value in r.told.items()}
        for r in rows
    ]
    pd.DataFrame(table).to_csv(path, index=False)


if __name__ == "__main__":
    main()
