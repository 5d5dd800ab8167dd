"""What ships computed for bundled datasets: of these very bundles, and what would be computed."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from edgepair.advice import advise, evidence
from edgepair.advice.evidence import Evidence, compute_evidence, evidence_bytes, shipped_about, shipped_path
from edgepair.advice.run import check_options
from edgepair.conventions import BUNDLED_ABSORBERS, TASKS
from edgepair.dataset import drop_gated, load_bundled
from edgepair.study.config import StudyConfig
from edgepair.study.fits import Runner
from edgepair.study.plan import plan_study

SHIPPED = [name for name in BUNDLED_ABSORBERS if shipped_path(name).is_file()]


def settings(task: str = "bond_length", trees: int = 100) -> StudyConfig:
    return check_options(
        task, techniques=None, smallest_gain=0.02, tolerance=None, n_jobs=1, split="formula", folds=5,
        repeats=None, trees=trees, seed=0,
    ).study  # fmt: skip


@pytest.mark.parametrize("absorber", SHIPPED)
def test_what_ships_is_of_the_bundle_beside_it(absorber: str) -> None:
    document = json.loads(gzip.decompress(shipped_path(absorber).read_bytes()))
    remake = f"the bundle, the settings or the version changed: make advice ADVICE='--absorber {absorber}'"
    assert document["about"] == shipped_about(absorber, settings()), remake
    assert list(document["tasks"]) == list(TASKS)


def test_what_ships_is_what_would_be_computed() -> None:
    # the fewest sites; code that changes what forests tell must remake what ships
    data = load_bundled("Ni")
    asked = {"task": "coordination_number", "techniques": ["xanes", "pdf"], "requirements": False}
    seen: list[object] = []
    shipped = advise(data, **asked, on_progress=seen.append)
    assert not seen
    computed = advise(data, **asked, cache=False, n_jobs=1)
    for name in ("scores", "gains"):
        ours, theirs = (getattr(one, name).to_dict("records") for one in (shipped, computed))
        assert ours == [pytest.approx(row, abs=1e-9) for row in theirs], "make advice"
    assert shipped.recommendation == computed.recommendation


def test_other_data_or_settings_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    class ComputedError(Exception):
        pass

    def compute(*_: object, **__: object) -> Evidence:
        raise ComputedError

    monkeypatch.setattr("edgepair.advice.run.compute_evidence", compute)
    data = load_bundled("Ni")
    assert len(advise(data, task="bond_length").requirements)
    with pytest.raises(ComputedError):
        advise(data, task="bond_length", trees=99)
    with pytest.raises(ComputedError):
        advise(data, task="bond_length", techniques=["npdf"])
    with pytest.raises(ComputedError):
        advise(data, task="bond_length", cache=False)
    changed = data.assign(mu=data["mu"] * 1.0001)
    with pytest.raises(ComputedError):
        advise(changed, task="bond_length")
    monkeypatch.setattr(evidence, "__version__", "another")
    with pytest.raises(ComputedError):
        advise(data, task="bond_length")


def test_written_and_read_evidence_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(settings(trees=3), modalities=("xanes", "pdf", "xanes+pdf"), repeats=1)
    data = load_bundled("Ni")
    cell = plan_study([drop_gated(data)], config, "advise").cells[0]
    runner = Runner(n_jobs=1, scheduler=None, cache=False, on_progress=None)
    found = compute_evidence(cell, config.modalities, config, runner, requirements=False)
    path = tmp_path / "Ni.json.gz"
    path.write_bytes(evidence_bytes(shipped_about("Ni", config), {"bond_length": found}))
    monkeypatch.setattr(evidence, "shipped_path", lambda _: path)
    again = evidence.shipped_evidence(data, cell, ["xanes"], config, requirements=True)
    assert again is not None
    assert again.scores == [row for row in found.scores if row["technique"] == "xanes"]
    assert not again.gains
    assert again.predicted["xanes"] == pytest.approx(found.predicted["xanes"], abs=1e-9)
