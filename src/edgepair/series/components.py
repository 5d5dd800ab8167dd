"""What the resolved components of a series are: answers of the model, mixtures of standards, standards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import TASKS, EdgepairError, OptionError
from edgepair.mixtures.fit import fit_mixtures
from edgepair.prediction import predict
from edgepair.series.resolution import Resolution
from edgepair.standards import Standard

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from edgepair.series.series import Series

MOST_RESOLVED = 5
"""Components into which a series is resolved at most."""

LEAST_NOISE = 1e-4
"""Edge steps; a component of many points has hardly any noise of its own."""

ANSWERS = ("component", "task", "value", "lower", "upper", "trust")
MIXTURES = (
    "component", "compound", "standard", "fraction", "error", "misfit", "as_good", "nearest",
    "nearest_misfit",
)  # fmt: skip


def component_answers(
    series: Series,
    resolution: Resolution | None,
    standards: Sequence[Standard],
    level: float,
    warnings: list[str],
) -> pd.DataFrame:
    """Tell what the model answers for each component; why one has no answer is added to `warnings`."""
    import pandas as pd

    parts = []
    for k, spectrum in enumerate([] if resolution is None else resolution.spectra, 1):
        try:
            found = predict(
                (series.energy, spectrum), absorber=series.absorber, standards=standards,
                shift=0.0 if series.calibrated else None, confidence_level=level, explain=False,
            ).table  # fmt: skip
        except EdgepairError as error:
            warnings.append(f"component {k} has no answer: {error.problem}: {error.found}")
            continue
        parts.append(found.assign(component=k)[list(ANSWERS)])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(ANSWERS))


def component_mixtures(
    series: Series,
    resolution: Resolution | None,
    standards: Sequence[Standard],
    shift_limit: float,
    warnings: list[str],
) -> pd.DataFrame:
    """Tell which mixture of standards each component is most like, and which standard alone.

    Of each component the best mixture, a row a compound: ``misfit`` is its root mean square, edge steps,
    ``as_good`` counts the combinations that fit as well; ``nearest`` is the one standard that fits best.
    """
    import pandas as pd

    rows: list[tuple[object, ...]] = []
    for k, spectrum in enumerate(resolution.spectra if resolution and standards else [], 1):
        assert resolution is not None
        noise = max(float(np.median(resolution.spectrum_errors[k - 1])), LEAST_NOISE)
        window = (float(series.energy[0] - series.e0), float(series.energy[-1] - series.e0))
        try:
            found, alone = (
                fit_mixtures(
                    series.energy, spectrum, standards, limit=limit, window=window, noise=noise,
                    shift_limit=shift_limit, e0=series.e0,
                )
                for limit in (3, 1)
            )  # fmt: skip
        except EdgepairError as error:
            warnings.append(f"component {k} is of no standards: {error.problem}: {error.found}")
            continue
        misfit = [float(np.sqrt(((one.mu - one.fitted) ** 2).mean())) for one in (found, alone)]
        told = (misfit[0], int(found.table["as_good"].sum()), alone.table["compounds"].iloc[0][0], misfit[1])
        best = found.fractions[found.fractions["rank"] == 1]
        rows += [
            (k, part.compound, part.standard, part.fraction, part.error, *told) for part in best.itertuples()
        ]
    return pd.DataFrame(rows, columns=list(MIXTURES))


def as_standards(series: Series, resolution: Resolution | None, answers: pd.DataFrame) -> list[Standard]:
    """Take the resolved components for standards, with what the model answers for each as their values."""
    if resolution is None:
        raise OptionError(
            "cannot combine the components of the series",
            found="none that were resolved",
            needed=f"2 to {MOST_RESOLVED} components",
            suggestion="give --number, or combine standards",
        )
    found = []
    for k, spectrum in enumerate(resolution.spectra, 1):
        told = answers[answers["component"] == k].set_index("task")["value"]
        state, number, length = (float(told.get(task, np.nan)) for task in TASKS)
        name = f"component {k}"
        found.append(
            Standard(name, name, series.absorber, series.energy, spectrum, state, number, length, 0.0)
        )
    return found


def ambiguity_of(resolution: Resolution | None) -> NDArray[np.float64] | None:
    """Give the error of fractions of components that can be turned: of an even spread over the range."""
    if resolution is None:
        return None
    spread: NDArray[np.float64] = (resolution.fraction_high - resolution.fraction_low) / np.sqrt(12)
    return np.nan_to_num(spread)
