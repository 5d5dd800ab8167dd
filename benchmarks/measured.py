"""Answers for measured files with known values, by models that have not seen their compound or their source.

usage: python benchmarks/measured.py SHARED_DATA [--only sources|compounds|pdf] [--half chosen|other]
           [--rows OUT.csv]

``compounds``: whole compounds are left out, a twelfth of them at a time. ``sources``: whole sources (the
first part of a file's name) are left out; compounds that another source has, and compounds that none has,
are told apart. ``pdf``: PDFs, and pairs of a PDF and a spectrum of one compound, its composition left out.
One vote per compound; every row graded A or B counts where it is labelled. Each spectrum is answered as it
is, then as if its energy scale were not known, then as if the scan ended 16 eV after its edge as well.
Beside the model stand three baselines that see the same training standards: plain trees (one forest over all
metals on points, slopes and the numbers of the edge), a straight line through E0, and the commonest answer.

``--half`` answers the sources of one half alone: the number of trees, in the forest and in a fold, was chosen
on ``chosen``, so that ``other`` says what that choice is worth. Features, powers of the mean and folds were
chosen with every source in view.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from edgepair.conventions import BUNDLED_ABSORBERS, TASKS, EdgepairError, edge_energy
from edgepair.dataset import load_bundled
from edgepair.features.xanes import edge_shape
from edgepair.measured import FirstShell, PdfCurve, inspect_pdf, match_instrument, prepare_pdf, read_pdf
from edgepair.measured.pdf.header import plain_formula
from edgepair.models.conformal import group_weights
from edgepair.prediction.answers import CLASSES, Answer, join_answers, join_first_shell
from edgepair.prediction.pdf_model import PdfModel, pdf_rows
from edgepair.prediction.predict import xanes_answers
from edgepair.prediction.sample import EnergyWindow, PreparedXanes, choose_window
from edgepair.prediction.xanes_model import XanesModel
from edgepair.prediction.xanes_rows import collect_rows, collection, to_own_edge
from edgepair.standards import Standard, load_standards

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
from make_standards import number, reduced

RIGHT = {"oxidation_state": 0.34, "coordination_number": 0.5}
COLUMNS = {
    "oxidation_state": "oxidation_state",
    "coordination_number": "coordination_number",
    "bond_length": "mean_bond_length_A",
}
SHORT = (-17.0, 16.0)
"""eV from the own edge that a short scan holds."""

PLAIN_TREES = 250


@dataclass
class Row:
    """One measured spectrum with known values."""

    standard: Standard
    compound: str
    known: dict[str, float]
    told: dict[tuple[str, str], float] = field(default_factory=dict)
    inside: dict[tuple[str, str], bool] = field(default_factory=dict)
    held: dict[str, bool] = field(default_factory=dict)
    trust: str = ""
    familiar: bool = False

    @property
    def absorber(self) -> str:
        """Chemical symbol."""
        return self.standard.absorber

    @property
    def calibrated(self) -> bool:
        """Whether its energy scale is known."""
        return not math.isnan(self.standard.energy_shift)

    def prepared(self, how: str) -> PreparedXanes:
        """Give the spectrum as it is, uncalibrated, or short and uncalibrated."""
        s = self.standard
        energy, mu = s.energy - edge_energy(s.absorber), s.mu
        if how == "short":
            own = 12.0 - to_own_edge(energy, mu, EnergyWindow())
            kept = (energy >= own + SHORT[0]) & (energy <= own + SHORT[1])
            energy, mu = energy[kept], mu[kept]
        known = self.calibrated and how == "as it is"
        return PreparedXanes(s.absorber, energy, mu, 0.0, 0.0, known, False, (), math.nan, math.nan)


def read_rows(standards: Sequence[Standard]) -> list[Row]:
    """Take every spectrum of the library that is graded A or B."""
    return [
        Row(s, f"{s.absorber} {s.compound}", {task: float(getattr(s, task)) for task in TASKS})
        for s in standards
        if s.quality in "AB"
    ]


def tell(rows: Sequence[Row], standards: Sequence[Standard], *, briefly: bool = False) -> None:
    """Answer for rows by models and baselines that have not seen them."""
    models: dict[tuple[EnergyWindow, bool], XanesModel] = {}
    baselines = Baselines(standards)
    for row in rows:
        for how in ("as it is",) if briefly else ("as it is", "uncalibrated", "short"):
            prepared = row.prepared(how)
            ends = np.array([prepared.energy[0], prepared.energy[-1]])
            if not prepared.calibrated:
                ends += to_own_edge(prepared.energy, prepared.mu, EnergyWindow())
            key = (choose_window(*ends), not prepared.calibrated)
            if key not in models:
                learnt = collect_rows(key[0], standards, {}, aligned=key[1])
                models[key] = XanesModel(key[0], learnt, aligned=key[1])
            fitted = models[key]
            to_own = to_own_edge(prepared.energy, prepared.mu, fitted.window)
            answers, shown, features = xanes_answers(fitted, prepared, 0.9, to_own)
            if how == "as it is":
                far = bool(fitted.distances(features, row.absorber).min() > 1)
                low = bool(fitted.low_white_line(shown[0], row.absorber))
                row.trust = "outside" if far or low else "inside"
            for task, answer in answers.items():
                name = "edgepair" if how == "as it is" else how
                row.told[name, task] = float(answer.value[0])
                row.inside[name, task] = bool(answer.lower[0] <= row.known[task] <= answer.upper[0])
                if answer.sets and how == "as it is":
                    row.held[task] = bool(np.abs(np.array(answer.sets[0]) - row.known[task]).min() <= 0.5)
        for name, task, value in baselines.tell(row):
            row.told[name, task] = value


class Baselines:
    """Commonest answer, line through E0, plain trees."""

    def __init__(self, standards: Sequence[Standard]) -> None:
        self.standards, self.grid = standards, EnergyWindow().grid()
        self.curves = np.array([self.shown(s) for s in standards])
        self.metals = sorted({s.absorber for s in standards})
        self.features = self.describe(self.curves, [s.absorber for s in standards])
        self.plain: dict[str, Any] = {}

    def shown(self, standard: Standard) -> np.ndarray:
        """Show a standard on the grid, on the energies that it has."""
        return EnergyWindow().show(standard.energy - edge_energy(standard.absorber), standard.mu)

    def describe(self, curves: np.ndarray, absorbers: Sequence[str]) -> np.ndarray:
        """Points, slopes and the numbers of the edge."""
        points, grid = curves[:, ::2], self.grid[::2]
        numbers = edge_shape(self.grid, curves).values
        metal = np.array([[name == other for other in self.metals] for name in absorbers])
        return np.concatenate([metal, points, np.gradient(points, grid, axis=1), numbers], axis=1)

    def tell(self, row: Row) -> Iterator[tuple[str, str, float]]:
        """Answer every task by every baseline."""
        shown = self.shown(row.standard)
        for task in TASKS:
            mine = [
                i
                for i, s in enumerate(self.standards)
                if s.absorber == row.absorber and not np.isnan(getattr(s, task))
            ]
            values = np.array([getattr(self.standards[i], task) for i in mine])
            if not len(values):
                continue
            common = values.mean() if task == "bond_length" else pd.Series(values.round(1)).mode()[0]
            yield "commonest", task, float(common)
            yield "line", task, self._line(mine, values, shown)
            yield "plain", task, self._plain(row.absorber, task, shown)

    def _line(self, mine: list[int], values: np.ndarray, shown: np.ndarray) -> float:
        edges = [half_height(self.grid, self.curves[i]) for i in mine]
        if len(set(values)) < 2 or np.ptp(edges) < 0.5:
            return float(values.mean())
        return float(np.polyval(np.polyfit(edges, values, 1), half_height(self.grid, shown)))

    def _plain(self, absorber: str, task: str, shown: np.ndarray) -> float:
        from sklearn.ensemble import ExtraTreesRegressor

        if task not in self.plain:
            values = np.array([getattr(s, task) for s in self.standards])
            kept = ~np.isnan(values)
            groups = np.array([f"{s.absorber} {s.compound}" for s in self.standards])[kept]
            forest = ExtraTreesRegressor(PLAIN_TREES, max_features=0.3, random_state=0, n_jobs=2)
            forest.fit(self.features[kept], values[kept], sample_weight=group_weights(groups))
            forest.n_jobs = 1
            self.plain[task] = forest
        return float(self.plain[task].predict(self.describe(shown[None], [absorber]))[0])


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
        if (name, task) in rows[0].inside or any((name, task) in row.inside for row in rows):
            covered, kinds = votes(rows, task, lambda row, task=task: _inside(row, name, task))
            found[f"{short} covered"] = f"{100 * covered.mean():.0f} %"
            if task == "coordination_number":
                found["not six-fold covered"] = f"{100 * covered[kinds != 6].mean():.0f} %"
        found[f"n {short}"] = len(values)
    return found


def _inside(row: Row, name: str, task: str) -> float | None:
    return float(row.inside[name, task]) if (name, task) in row.inside else None


def print_tables(rows: Sequence[Row], title: str) -> None:
    """Print all groups of rows by all learners."""
    groups: dict[str, list[Row]] = {"all": list(rows)}
    groups |= {absorber: [r for r in rows if r.absorber == absorber] for absorber in BUNDLED_ABSORBERS}
    groups["calibrated"] = [r for r in rows if r.calibrated]
    groups["not calibrated"] = [r for r in rows if not r.calibrated]
    groups["not outside"] = [r for r in rows if r.trust != "outside"]
    table = []
    for group, members in groups.items():
        for name in ("edgepair", "uncalibrated", "short", "plain", "line", "commonest"):
            if members and (name == "edgepair" or group == "all"):
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


def bench_compounds(rows: list[Row], standards: Sequence[Standard], folds: int) -> None:
    """Leave whole compounds out."""
    compounds = sorted({row.compound for row in rows})
    order = np.random.default_rng(0).permutation(len(compounds))
    for fold in range(folds):
        out = {compounds[i] for i in order[fold::folds]}
        kept = [s for s in standards if f"{s.absorber} {s.compound}" not in out]
        tell([row for row in rows if row.compound in out], kept, briefly=True)
        print(f"fold {fold + 1} of {folds}", file=sys.stderr, flush=True)
    print_tables(rows, "Compounds left out")


def half_of(rows: Sequence[Row], half: str | None) -> list[str]:
    """Name the sources, or those of one half: each second one in the order of their numbers of spectra."""
    numbers = Counter(collection(row.standard) for row in rows)
    ordered = sorted(numbers, key=lambda source: (-numbers[source], source))
    return sorted({"chosen": ordered[::2], "other": ordered[1::2]}.get(half or "", ordered))


def bench_sources(rows: list[Row], standards: Sequence[Standard], half: str | None = None) -> None:
    """Leave whole sources out."""
    sources = half_of(rows, half)
    rows = [row for row in rows if collection(row.standard) in sources]
    for source in sources:
        mine = [row for row in rows if collection(row.standard) == source]
        kept = [s for s in standards if collection(s) != source]
        elsewhere = {f"{s.absorber} {s.compound}" for s in kept}
        for row in mine:
            row.familiar = row.compound in elsewhere
        tell(mine, kept)
        print(f"{source}: {len(mine)} spectra", file=sys.stderr, flush=True)
    print_tables([r for r in rows if not r.familiar], "Sources left out, compounds that no other source has")
    print_tables([r for r in rows if r.familiar], "Sources left out, compounds that another source has")


def bench_pdf(root: Path, rows: list[Row], standards: Sequence[Standard]) -> None:
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
        fitted = PdfModel(pdf_rows(_without_formula(data, formula), technique))
        features = fitted.features(prepare_pdf(curve, instrument)[None])
        answers = {task: fitted.answer(features, task, 0.9) for task in fitted.fits}
        forest = dict(answers)
        shell = inspect_pdf(_composed(curve, entry["compound"]), absorber=entry["element"]).first_shell
        if "bond_length" in answers:
            answers["bond_length"] = join_first_shell(answers["bond_length"], shell, 0.9)
        pair = next(
            (r for r in rows if r.absorber == entry["element"] and r.standard.formula == formula), None
        )
        both = {}
        if pair is not None and formula:
            kept = [s for s in standards if f"{s.absorber} {s.compound}" != pair.compound]
            pair.inside.clear()
            tell([pair], kept, briefly=True)
            prepared = pair.prepared("as it is")
            by = 0.0 if prepared.calibrated else to_own_edge(prepared.energy, prepared.mu, EnergyWindow())
            window = choose_window(prepared.energy[0] + by, prepared.energy[-1] + by)
            learnt = collect_rows(window, kept, {}, aligned=not prepared.calibrated)
            model = XanesModel(window, learnt, aligned=not prepared.calibrated)
            to_own = to_own_edge(prepared.energy, prepared.mu, window)
            xanes = xanes_answers(model, prepared, 0.9, to_own)[0]
            both = {task: join_answers(task, [xanes[task], answers[task]])[0] for task in answers}
        for task, column in COLUMNS.items():
            known = number(entry[column])
            if not np.isnan(known) and task in answers:
                common = np.nanmedian(fitted.rows.targets[task])
                table.append(
                    {
                        "technique": technique,
                        "compound": f"{entry['element']} {formula or entry['compound']}",
                        "task": task,
                        "known": known,
                        "forest": _shown(forest[task]),
                        "first shell": _shell_shown(shell, task),
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
            known, by = rows_of["known"], rows_of["compound"]
            for name in ("pdf", "forest", "first shell", "commonest"):
                told = rows_of[name].astype(str).str.split().str[0].astype(float)
                miss = (told - known).abs().dropna()
                if not len(miss):
                    continue
                score = 100.0 * (miss <= RIGHT[task]) if task in RIGHT else miss
                mean = score.groupby(by).mean().mean()
                text = f"right {mean:.0f} %" if task in RIGHT else f"MAE {mean:.3f}"
                print(technique, task, f"{name}: {text}, {by[miss.index].nunique()} compounds")
    print(f"{refused} project files rightly refused")


def _shown(answer: Answer) -> str:
    return f"{answer.value[0]:.3f} ± {(answer.upper[0] - answer.lower[0]) / 2:.3f}"


def _composed(curve: PdfCurve, compound: str) -> PdfCurve:
    """Give a file whose header has no composition the index's, as ``--composition`` does."""
    return curve if curve.composition else replace(curve, composition=plain_formula(compound))


def _shell_shown(shell: FirstShell | None, task: str) -> str:
    if shell is None:
        return ""
    if task == "bond_length":
        return f"{shell.position:.3f} ± {shell.position_error:.3f}"
    if task == "coordination_number" and shell.coordination is not None:
        return f"{shell.coordination:.1f} ± {shell.coordination_error:.1f}"
    return ""


def _without_formula(data: Any, formula: str) -> Any:
    keep = np.flatnonzero(data["formula"].values != formula)
    from edgepair.dataset import select_sites

    return select_sites(data, np.flatnonzero(np.isin(data["material_index"].values, keep)))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Answers for measured files with known values.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", choices=("sources", "compounds", "pdf"))
    parser.add_argument("--half", choices=("chosen", "other"), help="of the sources, with --only sources")
    parser.add_argument("--folds", type=int, default=12)
    parser.add_argument("--rows", type=Path, help="CSV of every row's answers with its source left out")
    options = parser.parse_args()
    if options.half and options.only != "sources":
        parser.error("--half is for --only sources")
    started = time.time()
    standards = load_standards()
    if options.only in (None, "sources"):
        rows = read_rows(standards)
        bench_sources(rows, standards, options.half)
        if options.rows:
            keep(rows, options.rows)
    if options.only in (None, "compounds"):
        bench_compounds(read_rows(standards), standards, options.folds)
    if options.only in (None, "pdf"):
        bench_pdf(options.data / "experiment", read_rows(standards), standards)
    print(f"\n{time.time() - started:.0f} s")


def keep(rows: Sequence[Row], path: Path) -> None:
    """Write every row's answers."""
    table = [
        {
            "where": r.standard.name,
            "compound": r.compound,
            "quality": r.standard.quality,
            "trust": r.trust,
            "calibrated": r.calibrated,
            "familiar": r.familiar,
        }
        | {f"{task} known": r.known[task] for task in TASKS}
        | {f"{task} {name}": value for (name, task), value in r.told.items()}
        | {f"{task} {name} inside": value for (name, task), value in r.inside.items()}
        for r in rows
    ]
    pd.DataFrame(table).to_csv(path, index=False)


if __name__ == "__main__":
    main()
