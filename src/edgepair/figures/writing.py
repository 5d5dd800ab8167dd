"""All figures of a study as files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgepair.conventions import OutputError
from edgepair.figures.predictions import draw_confusion, draw_importances, draw_parity, draw_scores
from edgepair.figures.style import in_style
from edgepair.report.kit.tables import is_regression

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.figure import Figure

    from edgepair.study import StudyResult

_DATES = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}


def write_figures(result: StudyResult, directory: str | Path) -> tuple[Path, ...]:
    """Write every figure of a study as SVG and PDF.

    Parameters
    ----------
    result : StudyResult
        The study.
    directory : path
        Folder; made if it is not there. Files of the same names are replaced.

    Returns
    -------
    tuple of pathlib.Path
        ``scores``, and for each absorber and task ``importances`` and ``confusion`` or ``parity``, where the
        study has them: ``.svg`` and ``.pdf`` each, with text that can be edited.

    Raises
    ------
    OutputError
        The folder cannot be made, or a file not be written.
    """
    folder = Path(directory)
    written = []
    try:
        folder.mkdir(exist_ok=True)
        for name, draw in _drawings(result):
            figure = draw()
            for ending, dates in _DATES.items():
                target = folder / f"{name}.{ending}"
                scratch = folder / f".{name}.{ending}.part"
                with in_style():
                    figure.savefig(scratch, format=ending, metadata=dates)
                written.append(scratch.replace(target))
    except OSError as error:
        raise OutputError(
            f"cannot write the figures to {str(folder)!r}",
            found=error.strerror or str(error),
            needed="a folder that can be made in one that exists, with room for some MB",
            suggestion="choose another folder",
        ) from error
    return tuple(written)


def _drawings(result: StudyResult) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Name the figures for which the study has rows."""
    if len(result.scores):
        yield "scores", partial(draw_scores, result)
    placed = result.importances[result.importances["position"].notna()]
    placed = placed[placed["modality"] == placed["technique"]]
    for absorber, task in _cells(placed):
        draw = partial(draw_importances, result, absorber=absorber, task=task)
        yield f"importances_{absorber}_{task}", draw
    for absorber, task in _cells(result.predictions):
        one, kind = (draw_parity, "parity") if is_regression(task) else (draw_confusion, "confusion")
        yield f"{kind}_{absorber}_{task}", partial(one, result, absorber=absorber, task=task)


def _cells(table: pd.DataFrame) -> list[tuple[str, str]]:
    """List the absorbers and tasks of a table."""
    return list(dict.fromkeys(zip(table["absorber"].astype(str), table["task"].astype(str), strict=True)))
