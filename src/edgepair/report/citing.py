"""What to cite for a result: the data, codes and methods that it rests on, as they say it themselves."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair._version import __version__
from edgepair.conventions import BUNDLED_ABSORBERS, TECHNIQUES, DataError, EdgepairError
from edgepair.conventions.wording import counted, listed

if TYPE_CHECKING:
    import xarray as xr

INTERPRETATION_REFERENCES = (
    "breiman gregorutti strobl tolosi lundberg friedman apley nadeau winkler ojala lipovetsky narong"
)
"""What an interpretation rests on."""


@cache
def _bibliography() -> dict[str, tuple[str, str]]:
    text = (files("edgepair.report") / "references.csv").read_text(encoding="utf-8")
    return {row["key"]: (row["text"], row["url"]) for row in csv.DictReader(text.splitlines())}


def references(keys: str) -> tuple[tuple[str, str], ...]:
    """Look references up: text and address, which is empty where none could be confirmed."""
    return tuple(_bibliography()[key] for key in keys.split())


@dataclass(frozen=True)
class Citation:
    """Something to cite.

    Attributes
    ----------
    used_for : str
        What it was used for.
    text : str
        The reference, or source and terms of the data, in the words of whom they come from.
    """

    used_for: str
    text: str


def cite(source: str | Path | None = None) -> tuple[Citation, ...]:
    """List what to cite for a dataset, a model, predictions, a study or an interpretation.

    Parameters
    ----------
    source : path or str, optional
        A dataset, or the symbol of a bundled one; what ``predict --out`` or ``--json`` wrote; a model that
        ``train`` wrote; the folder of a study or an interpretation. None: edgepair itself and the paper
        that it follows.

    Returns
    -------
    tuple of Citation
        Each text once, with all that it was used for. Only what the result, its data or edgepair name:
        what a dataset of the user's own does not say cannot be listed.

    Raises
    ------
    DataError
        There is no such result, or it is none of these.

    Examples
    --------
    >>> [citation.used_for for citation in cite()]
    ['edgepair', 'the paper that edgepair follows']
    """
    own = [
        Citation("edgepair", f"The edgepair developers, edgepair {__version__}"),
        Citation("the paper that edgepair follows", references("narong")[0][0]),
    ]
    uses: dict[str, list[str]] = {}
    for citation in [*own, *(() if source is None else _of(source))]:
        used_for = uses.setdefault(citation.text, [])
        used_for += [citation.used_for] if citation.used_for not in used_for else []
    return tuple(Citation(listed(used_for), text) for text, used_for in uses.items())


def _of(source: str | Path) -> Iterator[Citation]:
    path = Path(source)
    if str(source) in BUNDLED_ABSORBERS and not path.exists():
        return _of_dataset(_bundled(str(source)))
    if (path / "study.json").is_file():
        return _of_study(path)
    if (path / "interpretation.json").is_file():
        return _of_interpretation(path)
    if path.suffix in (".csv", ".json") and path.is_file():
        return _of_predictions(path)
    if path.is_dir() or path.suffix == ".zip":
        from edgepair.dataset import open_dataset

        return _of_dataset(open_dataset(path, instrument=None))
    return _of_model(path)


def _bundled(absorber: str) -> xr.Dataset:
    from edgepair.dataset import load_bundled

    return load_bundled(absorber, instrument=None)


def _of_dataset(dataset: xr.Dataset, only: Sequence[str] = (), note: str = "") -> Iterator[Citation]:
    """List what a dataset says of itself and of its variables."""
    absorber = dataset.attrs["absorber"]
    for name, variable in dataset.data_vars.items():
        title = str(variable.attrs.get("long_name", str(name).replace("_", " ")))
        if not only or name in only:
            for text in filter(None, str(variable.attrs.get("citation", "")).split("; ")):
                yield Citation(f"{title} of {absorber}{note}", text)
    for text in filter(None, [str(dataset.attrs.get("structures_citation", ""))]):
        yield Citation(f"structures of {absorber}{note}", text)


def _of_study(folder: Path) -> Iterator[Citation]:
    from edgepair.report.study.methods import references_of
    from edgepair.study import StudyResult

    result = StudyResult.load(folder)
    yield from (Citation("the study", text) for text, _ in references_of(result))
    yield from _of_summaries(result.config.get("data", []))


def _of_interpretation(folder: Path) -> Iterator[Citation]:
    from edgepair.interpretation import Interpretation

    result = Interpretation.load(folder)
    yield from (Citation("the interpretation", text) for text, _ in references(INTERPRETATION_REFERENCES))
    yield from _of_summaries(result.config.get("data", []))


def _of_summaries(items: Sequence[dict[str, dict[str, object]]]) -> Iterator[Citation]:
    """List what the data of a study were said to be when it was run."""
    for item in items:
        for name, about in item.get("techniques", {}).items():
            if isinstance(about, dict) and about.get("citation"):
                for text in str(about["citation"]).split("; "):
                    yield Citation(f"{TECHNIQUES[name].title} of {item['absorber']}", text)
        structures = item.get("provenance", {}).get("structures_citation")
        if structures:
            yield Citation(f"structures of {item['absorber']}", str(structures))


def _of_predictions(path: Path) -> Iterator[Citation]:
    """List what predictions rest on, by the absorbers and techniques that they name."""
    text = path.read_text(encoding="utf-8")
    answers: list[tuple[str, str]] = []
    try:
        if path.suffix == ".csv":
            answers = [(row["absorber"], row["technique"]) for row in csv.DictReader(text.splitlines())]
        else:
            document = json.loads(text)
            samples = document.get("samples", [document])
            answers = [(one["absorber"], row["technique"]) for one in samples for row in one["answers"]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _not_known(path, f"a {path.suffix} file that edgepair predict did not write") from error
    used = {(metal, part) for metal, joined in answers for part in joined.split("+") if metal and part}
    return _of_models(sorted(used), " (if not replaced by --data or --model)", standards=True)


def _of_model(path: Path) -> Iterator[Citation]:
    from edgepair.prediction import load_trained

    try:
        model = load_trained(path)
    except EdgepairError as error:
        raise _not_known(path, error.found) from error
    # Of a dataset of the user's own a model keeps the name alone.
    used = [(model.absorber, technique) for technique in model.techniques if not model.about.get("data")]
    return _of_models(used, "", standards=model.has_standards)


def _of_models(used: Sequence[tuple[str, str]], note: str, *, standards: bool) -> Iterator[Citation]:
    """List what the models of absorbers and techniques are fitted on and by."""
    (trees, _), (intervals, _) = references("geurts barber")
    yield Citation("predictions", trees)
    yield Citation("intervals of predictions", intervals)
    for absorber in dict.fromkeys(absorber for absorber, _ in used if absorber in BUNDLED_ABSORBERS):
        variables = [TECHNIQUES[part].variable for metal, part in used if metal == absorber]
        yield from _of_dataset(_bundled(absorber), variables, note)
    if standards and any(technique == "xanes" for _, technique in used):
        yield from _of_library()


def _of_library() -> Iterator[Citation]:
    """List the collections of the measured standards, with their terms."""
    from edgepair.standards import load_standards

    sources = Counter((one.source.partition(":")[0], one.licence) for one in load_standards())
    for (collection, licence), number in sources.most_common():
        yield Citation(counted(number, "measured standard"), f"{collection}: {licence}")


def _not_known(path: Path, found: str) -> DataError:
    return DataError(
        f"cannot tell what to cite for {str(path)!r}",
        found=found,
        needed="a dataset, a model, what predict wrote, or the folder of a study or an interpretation",
        suggestion="edgepair cite alone names edgepair and its paper; edgepair cite Fe a bundled dataset",
    )
