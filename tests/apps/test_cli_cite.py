"""``edgepair cite``: what data, models and results say of themselves, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import edgepair as package
from edgepair.conventions import DataError
from edgepair.dataset import load_bundled
from edgepair.prediction import load_trained, save_trained, train_models
from edgepair.report import cite
from edgepair.report.citing import references

Call = Callable[..., Any]
((PAPER, _),) = references("narong")
ROOT = Path(__file__).resolve().parents[2]


def texts(source: str | Path | None = None) -> set[str]:
    return {citation.text for citation in cite(source)}


def documents() -> str:
    """All that the repository says but for the module under test."""
    paths = [path for top in ("docs", "src") for path in sorted((ROOT / top).rglob("*"))]
    texts = [
        path.read_text("utf-8")
        for path in paths
        if path.suffix in (".md", ".py") and "citing" not in path.name
    ]
    return " ".join(" ".join(texts).replace("*", "").replace('"', "").split())


def test_alone_it_names_edgepair_and_the_paper(edgepair: Call) -> None:
    done = edgepair("cite")
    assert done.code == 0
    assert done.out.splitlines() == [
        f"The edgepair developers, edgepair {package.__version__}", "  for edgepair",
        PAPER, "  for the paper that edgepair follows",
    ]  # fmt: skip


def test_a_dataset_is_cited_by_what_its_variables_say() -> None:
    titanium = load_bundled("Ti", instrument=None)
    said = "; ".join(str(v.attrs.get("citation", "")) for v in titanium.data_vars.values())
    found = texts("Ti") - texts()
    assert found <= {*said.split("; "), titanium.attrs["structures_citation"]}
    assert any("Mathew" in text for text in found)
    assert not any("Kas et al." in text for text in found)
    assert any("Kas et al." in text for text in texts("Fe"))


def test_no_reference_is_ours_alone() -> None:
    known = documents()
    for source in (None, "Ti", "Fe"):
        for text in texts(source) - {f"The edgepair developers, edgepair {package.__version__}"}:
            where = re.search(r"10\.\d{4,}/[^;\s]+|arXiv \d+\.\d+|\d+, \d+ \(\d{4}\)", text)
            assert where is not None, text
            assert where.group() in known, text


def test_predictions_are_cited_by_absorber_and_technique(edgepair: Call, quiet_place: Path) -> None:
    Path("rows.csv").write_text(
        "file,item,technique,absorber,task\na.xdi,,xanes,Fe,bond_length\nb.gr,,pdf,Cu,bond_length\n"
        "c.xdi,,xanes,,bond_length\n",
        encoding="utf-8",
    )
    done = edgepair("cite", "rows.csv", "--json")
    found = {row["text"]: row["used_for"] for row in json.loads(done.out)}
    assert any("10.18434/mds2-4032" in text for text in found)
    assert any("total x-ray PDF of Cu" in used_for for used_for in found.values())
    assert not any("PDF of Fe" in used_for or "absorption of Cu" in used_for for used_for in found.values())
    answer = {"absorber": "Cu", "answers": [{"technique": "pdf"}]}
    for document in (answer, {"samples": [answer]}):
        Path("one.json").write_text(json.dumps(document), encoding="utf-8")
        assert not any("10.18434" in text for text in texts("one.json"))
        assert any("Farrow" in text for text in texts("one.json"))


def test_a_study_and_a_model_are_cited(edgepair: Call, saved: Path, quiet_place: Path) -> None:
    study = ("study", "--data", saved, "--task", "bond_length", "--modality", "pdf", "--quick", "--out", "st")
    assert edgepair(*study, "--trees", "5", "--quiet").code == 0
    assert any("Geurts" in text for text in texts("st"))
    save_trained(train_models(saved, absorber="Fe", techniques=["pdf"]), "fe.model")
    assert load_trained("fe.model").techniques == ("pdf",)
    assert {text[:6] for text in texts("fe.model") - texts()} == {"Geurts", "Barber"}


@pytest.mark.parametrize(
    ("name", "content"), {"a.csv": "x,y\n1,2\n", "a.json": "[1]", "a.txt": "x", "no": ""}.items()
)
def test_what_is_no_result_is_refused(edgepair: Call, quiet_place: Path, name: str, content: str) -> None:
    if content:
        Path(name).write_text(content, encoding="utf-8")
    done = edgepair("cite", name)
    assert done.code == 2
    assert f"cannot tell what to cite for '{name}'" in done.err
    with pytest.raises(DataError) as caught:
        cite(name)
    assert "edgepair cite Fe" in caught.value.suggestion


def test_the_citation_file_parses_and_has_the_paper() -> None:
    written = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(written)
    assert written["version"] == package.__version__
    assert all({"name", "family-names"} & set(author) for author in written["authors"])
    (paper,) = written["references"]
    assert paper["type"] == "article"
    assert paper["title"] in PAPER
    assert [author["family-names"] for author in paper["authors"]] == [
        "Na Narong",
        "Zachko",
        "Torrisi",
        "Billinge",
    ]
    assert paper["url"].rpartition("/")[2] in PAPER
