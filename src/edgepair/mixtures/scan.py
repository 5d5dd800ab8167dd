"""Mixtures of a measured scan: normalised, calibrated, and shifted no further than its energies allow."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.interpolate import PchipInterpolator

from edgepair.conventions.displayed import Record
from edgepair.measured.scan import XanesScan
from edgepair.measured.xanes.calibration import TYPICAL_ERROR
from edgepair.measured.xanes.inspection import NOT_SHIFTED, XanesInspection, calibrated, inspect_xanes
from edgepair.mixtures.fit import MixtureResult, fit_mixtures
from edgepair.prediction.result import ShownCurve
from edgepair.spectra.alignment import FoilReading
from edgepair.standards.standards import Standard

LEAST_SHIFT_LIMIT = 0.5
"""eV: calibrated scales of two beamlines differ by one or two tenths; this is three times that."""

SAME_MEASUREMENT = (0.05, 1e-6)
"""Reduced chi-square and R-factor below which a single standard is the sample's own measurement: two
measurements differ by the noise of both, which gives 1, and by more than a thousandth of the edge step."""


COLUMNS = (
    "file", "item", "absorber", "rank", "compound", "standard", "fraction", "error", "noise_error",
    "scale_error", "choice_error", "shift", "shift_error", "r_factor", "reduced_chi_square", "as_good",
    "oxidation_state", "oxidation_state_error",
)  # fmt: skip
"""Columns of the table that ``edgepair mix --out`` writes."""

_TUPLES = ("rank", "n_compounds", "compounds", "standards", "fractions", "errors")


@dataclass(frozen=True)
class SampleMixture:
    """A measured scan and the mixtures that it may be.

    Attributes
    ----------
    inspection : XanesInspection
        The scan, how it was normalised, and its calibration.
    shift_limit : float
        Largest further shift that was allowed, eV.
    n_standards : int
        Standards of the sample's element.
    result : MixtureResult
        The combinations, the best first.
    components : tuple of ShownCurve
        What each standard of the first combination contributes, its fraction included, at the
        result's energies.
    warnings : tuple of str
        What makes the answer doubtful: of the scan, then of the fit.
    """

    inspection: XanesInspection
    shift_limit: float
    n_standards: int
    result: MixtureResult
    components: tuple[ShownCurve, ...]
    warnings: tuple[str, ...]

    def to_table(self) -> pd.DataFrame:
        """Give a row per combination and compound.

        Returns
        -------
        pandas.DataFrame
            With the columns of `COLUMNS`.
        """
        scan, result = self.inspection.scan, self.result
        shared = ["rank", "shift", "shift_error", "r_factor", "reduced_chi_square", "as_good"]
        shared += ["oxidation_state", "oxidation_state_error"]
        rows = result.fractions.merge(result.table[shared], on="rank", how="left", validate="many_to_one")
        rows = rows.assign(file=scan.file, item=scan.item, absorber=scan.absorber or "")
        return rows[list(COLUMNS)]

    def to_json(self) -> Record:
        """Give the entry of ``mix --json``.

        Returns
        -------
        dict
            Keys in the documented order; what is not known is None.
        """
        scan, result = self.inspection.scan, self.result
        mixtures = []
        for row in result.table.to_dict("records"):
            parts = result.fractions[result.fractions["rank"] == row["rank"]].drop(columns="rank")
            mixtures.append(
                {
                    "rank": row["rank"],
                    "parts": [_known(part) for part in parts.to_dict("records")],
                    **_known({name: row[name] for name in result.table.columns if name not in _TUPLES}),
                }
            )
        return {
            "file": scan.file,
            "item": scan.item,
            "absorber": scan.absorber,
            "e0": round(result.e0, 3),
            "energy_shift": round(self.inspection.calibration.shift, 3),
            "energy_error": self.inspection.calibration.error,
            "shift_limit": self.shift_limit,
            "noise": float(f"{result.noise:.6g}"),
            "n_points": len(result.energy),
            "n_independent": float(f"{result.n_independent:.6g}"),
            "n_standards": self.n_standards,
            "warnings": list(self.warnings),
            "mixtures": mixtures,
        }


def mix_scan(
    scan: XanesScan,
    standards: Sequence[Standard],
    *,
    e0: float | None = None,
    shift: float | None = None,
    foil: FoilReading | None = None,
    pre: tuple[float, float] | None = None,
    post: tuple[float, float] | None = None,
    limit: int = 3,
    window: tuple[float, float] = (-20.0, 60.0),
    shift_limit: float | None = None,
) -> SampleMixture:
    """Find the combinations of standards that a measured scan may be a mixture of.

    Parameters
    ----------
    scan : XanesScan
        As `edgepair.measured.read_xanes` gives it.
    standards : sequence of Standard
        Those of other elements are passed over.
    e0 : float, optional
        Energy of the edge, eV, on the scale of the file; found where not given.
    shift : float, optional
        To be added to the scan's energies, eV.
    foil : FoilReading, optional
        From a foil measured apart, to calibrate by.
    pre, post : tuple of float, optional
        Ranges of the pre-edge and the post-edge, eV relative to E0; chosen where not given.
    limit : int, optional
        Most compounds in a combination.
    window : tuple of float, optional
        Range that is fitted, eV from the sample's edge.
    shift_limit : float, optional
        Largest further shift, eV; by default as far as the calibration may be wrong: 0.5 eV after a
        foil or a given shift, 2 eV without or where the foil is doubtful.

    Returns
    -------
    SampleMixture
        The combinations in order, with errors.

    Raises
    ------
    MeasurementError
        The scan cannot be normalised.
    DataError
        No standard is of the sample's element and edge, or energies do not overlap.
    OptionError
        An option has a value that cannot be.
    """
    inspection = inspect_xanes(scan, e0=e0, shift=shift, foil=foil, pre=pre, post=post)
    where = repr(scan.file) + (f", item {scan.item!r}" if scan.item else "")
    spectrum = calibrated(inspection, f"cannot fit mixtures to {where}")
    if scan.absorber is not None:
        standards = [item for item in standards if item.absorber == scan.absorber] or standards
    named = _named_apart(standards)
    if shift_limit is None:
        # A doubtful foil is no better than none.
        error = TYPICAL_ERROR if inspection.calibration.warnings else inspection.calibration.error
        shift_limit = max(LEAST_SHIFT_LIMIT, error)
    result = fit_mixtures(
        spectrum.energy,
        spectrum.mu,
        named,
        limit=limit,
        window=window,
        shift_limit=shift_limit,
        e0=spectrum.e0,
    )
    # The shift of a foil in the scan is added here, whatever the inspection says of it.
    noted = [warning for warning in inspection.warnings if warning.code != NOT_SHIFTED]
    warnings = tuple(dict.fromkeys((*noted, *result.warnings, *_own_measurement(result))))
    return SampleMixture(inspection, shift_limit, len(named), result, _components(result, named), warnings)


def _named_apart(standards: Sequence[Standard]) -> list[Standard]:
    """Give standards of one name a number: the user's own copy of a file of the library."""
    seen: Counter[tuple[str, str]] = Counter()
    apart = []
    for standard in standards:
        key = (standard.compound, standard.name)
        seen[key] += 1
        again = seen[key] > 1
        apart.append(replace(standard, name=f"{standard.name} ({seen[key]})") if again else standard)
    return apart


def _own_measurement(result: MixtureResult) -> tuple[str, ...]:
    chi_square, r_factor = SAME_MEASUREMENT
    table = result.table
    twins = table[
        (table["n_compounds"] == 1)
        & (table["reduced_chi_square"] < chi_square)
        & (table["r_factor"] < r_factor)
    ]
    if not len(twins):
        return ()
    name = twins["standards"].iloc[0][0]
    return (f"the sample and the standard {name} are one measurement: of a mixture that tells nothing",)


def _components(result: MixtureResult, standards: Sequence[Standard]) -> tuple[ShownCurve, ...]:
    shift = float(result.table["shift"].iloc[0])
    curves = {(item.compound, item.name): item for item in standards}
    shown = []
    for part in result.fractions[result.fractions["rank"] == 1].itertuples():
        standard = curves[part.compound, part.standard]
        mu = PchipInterpolator(standard.energy, standard.mu)(result.energy + shift)
        shown.append(ShownCurve(part.compound, result.energy, np.asarray(part.fraction * mu)))
    return tuple(shown)


def _known(row: Record) -> Record:
    """Write numbers with six digits, and NaN as what is not known."""
    return {
        name: (float(f"{value:.6g}") if math.isfinite(value) else None) if isinstance(value, float) else value
        for name, value in row.items()
    }
