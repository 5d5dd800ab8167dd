"""No finding holds where labels carry no meaning: bundled datasets with permuted labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import numpy as np
import pytest
import xarray as xr

from edgepair.conventions import TASKS
from edgepair.dataset import load_bundled, select_sites, split_groups
from edgepair.study import FINDINGS, Finding, run_study

QUIET = 0.93
"""Share of the cells of each finding in which it must not be said to hold: of a 95 % interval, 2.5 % lie
above zero by chance alone; a few per cent are left for what twenty shuffles scatter by."""

VERDICTS = ("holds", "undecided", "does_not_hold")
SHUFFLES = ("sites", "formulas")
MOVED = [*TASKS, "oxidation_state_source"]

# Verdict by absorber (or all), task, finding and how labels were shuffled.
Told = tuple[str, Finding]


@cache
def sample(absorber: str, n_sites: int) -> xr.Dataset:
    """Draw whole formulas of a bundled dataset until there are enough sites."""
    dataset = load_bundled(absorber)
    groups = split_groups(dataset, "formula")
    order = np.random.default_rng([17, *absorber.encode()]).permutation(np.unique(groups))
    size = np.bincount(groups)[order].cumsum()
    taken = order[: max(1, int(np.searchsorted(size, n_sites, side="right")))]
    return select_sites(dataset, np.isin(groups, taken))


def shuffled(dataset: xr.Dataset, how: str, seed: int) -> xr.Dataset:
    """Permute the labels of sites, all labels of a site together.

    Over ``formulas``, labels are laid out formula after formula in another order of the formulas: the
    sites of one formula stay as alike as they were.
    """
    rng = np.random.default_rng([seed, SHUFFLES.index(how), *dataset.attrs["absorber"].encode()])
    n_sites = dataset.sizes["site"]
    if how == "sites":
        source = rng.permutation(n_sites)
    else:
        groups = split_groups(dataset, "formula")
        place = rng.permutation(int(groups.max()) + 1)[groups]
        source = np.empty(n_sites, dtype=int)
        source[np.argsort(place, kind="stable")] = np.argsort(groups, kind="stable")
    return dataset.assign(
        {
            name: (dataset[name].dims, dataset[name].values[source], dataset[name].attrs)
            for name in MOVED
            if name in dataset
        }
    )


def findings_of(datasets: Sequence[xr.Dataset], *, trees: int, seed: int = 0) -> tuple[Finding, ...]:
    result = run_study(
        datasets, learners=["forest"], trees=trees, quick=True, n_jobs=2, cache=False, seed=seed
    )
    return result.findings


def shuffles(absorbers: Sequence[str], n_sites: int, numbers: Iterable[int], *, trees: int) -> Iterator[Told]:
    for number in numbers:
        how = SHUFFLES[number % len(SHUFFLES)]
        datasets = [shuffled(sample(absorber, n_sites), how, number) for absorber in absorbers]
        for item in findings_of(datasets, trees=trees, seed=number):
            yield how, item


def verdict_table(told: Sequence[Told]) -> str:
    """Count verdicts by finding, then by absorber, task and kind of shuffle where a finding holds."""
    lines = [f"{'':34}" + "".join(f"{name:>15}" for name in VERDICTS)]

    def line(label: str, chosen: Iterable[Finding]) -> str:
        counts = Counter(item.verdict for item in chosen)
        return f"{label:34}" + "".join(f"{counts[name]:15}" for name in VERDICTS)

    for finding in FINDINGS:
        mine = [(how, item) for how, item in told if item.finding == finding]
        lines.append(line(finding, (item for _, item in mine)))
        for kind in ("single", "all"):
            for how in SHUFFLES:
                chosen = [i for h, i in mine if h == how and (i.absorber == "all") == (kind == "all")]
                lines.append(line(f"  {kind}, shuffled over {how}", chosen))
        wrong = Counter((how, i.absorber, i.task) for how, i in mine if i.verdict == "holds")
        lines += [f"    holds: {' '.join(key)} ({times})" for key, times in wrong.most_common()]
    return "\n".join(lines)


def assert_quiet(told: Sequence[Told]) -> None:
    table = verdict_table(told)
    print(table)
    loud = []
    for finding in FINDINGS:
        for kind in ("single", "all"):
            mine = [i for _, i in told if i.finding == finding and (i.absorber == "all") == (kind == "all")]
            assert mine, f"{finding} was never tested\n{table}"
            holds = sum(item.verdict == "holds" for item in mine)
            if holds > allowed(len(mine)):
                loud.append(f"{finding} ({kind}): {holds} of {len(mine)}")
    assert not loud, f"said to hold with permuted labels: {', '.join(loud)}\n{table}"


def allowed(n: int) -> int:
    """False alarms among n; one is none to speak of where n is small."""
    return max(1, int((1 - QUIET) * n + 1e-9))


def test_no_finding_holds_where_labels_are_permuted() -> None:
    assert_quiet(list(shuffles(("Mn", "Fe"), 120, range(4), trees=10)))


def test_findings_hold_with_the_true_labels_and_the_same_settings() -> None:
    found = findings_of([sample(absorber, 120) for absorber in ("Mn", "Fe")], trees=20)
    assert "holds" in {item.verdict for item in found}, [item.sentence for item in found]


@pytest.mark.slow
def test_no_finding_holds_in_twenty_shuffles_of_five_metals() -> None:
    metals = ("Ti", "V", "Mn", "Fe", "Cu")
    assert_quiet(list(shuffles(metals, 400, range(20), trees=20)))
    true = findings_of([sample(absorber, 400) for absorber in metals], trees=20)
    holds = {item.finding for item in true if item.verdict == "holds"}
    assert {"xanes_beats_pdf", "dpdf_narrows_gap"} & holds, [item.sentence for item in true]


@pytest.mark.parametrize("how", SHUFFLES)
def test_a_shuffle_permutes_labels_and_nothing_else(how: str) -> None:
    dataset = sample("Mn", 120)
    other = shuffled(dataset, how, 3)
    assert dataset.drop_vars(MOVED, errors="ignore").identical(other.drop_vars(MOVED, errors="ignore"))
    for name in TASKS:
        before, after = dataset[name].values, other[name].values
        np.testing.assert_array_equal(np.sort(before), np.sort(after))
        assert not np.array_equal(before, after, equal_nan=True)
    assert other.identical(shuffled(dataset, how, 3))
