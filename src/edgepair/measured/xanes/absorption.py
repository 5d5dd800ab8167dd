"""Which columns make the absorption.

In this order: what the user says; what the format says; a column that is an absorption already;
transmission, -ln(itrans/i0); fluorescence, ifluor/i0. A column or ratio that shows no edge, as of a
detector that was not connected, is passed over with a warning. Where transmission and fluorescence
both show the edge, or no label tells, the user is asked: fluorescence of a concentrated sample is
flattened by self-absorption, and the wrong choice would pass for a different compound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import EdgepairError, MeasurementError
from edgepair.measured.edges import edge_contrast, recognise_edge
from edgepair.measured.expression import describe_columns, evaluate
from edgepair.measured.points import tidy
from edgepair.measured.roles import roles_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgepair.measured.table import ScanTable

CLEAR = 10.0
"""Edge step over noise from which an edge counts as seen."""


_MOST_RELATED = 30
"""Columns among which relations are looked for; a multi-element detector's hundreds would take minutes."""


@dataclass(frozen=True)
class Absorption:
    """The absorption of a scan, in the order of the file.

    Attributes
    ----------
    mu : numpy.ndarray
        Shape (n_points,); NaN where it cannot be computed.
    mu_from : str
        How it was made.
    reference : numpy.ndarray or None
        Shape (n_points,): absorption of a foil measured in the same scan.
    warnings : tuple of str
        What was noticed.
    """

    mu: NDArray[np.float64]
    mu_from: str
    reference: NDArray[np.float64] | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    expression: str
    name: str
    kind: str


def find_absorption(
    table: ScanTable, energy: NDArray[np.float64], energy_column: int, where: str, *, mu: str | None = None
) -> Absorption:
    """Find or make the absorption of a scan.

    Parameters
    ----------
    table : ScanTable
        The scan.
    energy : numpy.ndarray
        Shape (n_points,), eV, in the order of the file.
    energy_column : int
        Column of the energies, counted from 0.
    where : str
        File and item, for errors.
    mu : str, optional
        Column or expression named by the user.

    Returns
    -------
    Absorption
        With how it was made, and the reference foil where one was measured.

    Raises
    ------
    MeasurementError
        It cannot be told which columns make the absorption.
    OptionError
        What the user says is no expression.
    """
    roles = roles_of(table.labels) if table.labels else {}
    roles = {role: [c for c in columns if c != energy_column] for role, columns in roles.items()}
    reference = _reference(table, energy, roles)
    if mu is not None:
        return Absorption(evaluate(mu, table.labels, table.values), mu.strip(), reference)
    if table.mu is not None:
        values = evaluate(table.mu, table.labels, table.values)
        return Absorption(values, table.mu_name or table.mu, reference)
    prepared, raw = _candidates(table, roles)
    warnings: list[str] = []
    for candidate in prepared:
        values = evaluate(candidate.expression, table.labels, table.values)
        if not raw or _contrast(energy, values) >= CLEAR:
            warnings += _label_doubts(table, candidate, values, raw)
            return Absorption(values, candidate.name, reference, tuple(warnings))
        warnings.append(f"column {candidate.name!r} shows no edge and is not used")
    seen = [c for c in raw if _contrast(energy, evaluate(c.expression, table.labels, table.values)) >= CLEAR]
    if prepared and not seen:
        # Nothing shows an edge: then the file's own choice stands, and others will say what is wrong.
        values = evaluate(prepared[0].expression, table.labels, table.values)
        doubt = "no column shows an edge" + (
            "; the foil behind the sample does" if reference is not None else ""
        )
        return Absorption(values, prepared[0].name, reference, (doubt,))
    if len(raw) > 1:
        warnings += [f"{c.name} shows no edge and is not used" for c in raw if seen and c not in seen]
    chosen = seen or raw
    if len(chosen) == 1:
        values = evaluate(chosen[0].expression, table.labels, table.values)
        return Absorption(values, chosen[0].name, reference, tuple(warnings))
    if len(chosen) > 1:
        raise MeasurementError(
            f"cannot tell which absorption of {where} is meant",
            found=" and ".join(c.name for c in chosen)
            + f", of columns {describe_columns(table.labels, table.values.shape[1])}",
            needed="one of them: fluorescence of a concentrated sample is flattened by self-absorption",
            suggestion=" or ".join(f'--mu "{c.expression}"' for c in chosen),
        )
    return _unlabelled(table, energy, energy_column, roles, reference, where)


def _candidates(table: ScanTable, roles: dict[str, list[int]]) -> tuple[list[_Candidate], list[_Candidate]]:
    """List what the labels offer: absorptions ready made, and those to be made of intensities."""
    labels = table.labels
    prepared = [
        _Candidate(f"${column + 1}", labels[column], role)
        for role in ("mu", "normalized", "flattened")
        for column in roles.get(role, [])[:1]
    ]
    made = [
        _Candidate(f"${column + 1}", labels[column], role)
        for role in ("mu_transmission", "mu_fluorescence")
        for column in roles.get(role, [])
    ]
    raw: list[_Candidate] = []
    kinds = {c.kind for c in made}
    if roles.get("i0"):
        i0 = roles["i0"][0]
        if "mu_transmission" not in kinds:
            raw += _transmission(table, roles)
        if roles.get("fluorescence") and "mu_fluorescence" not in kinds:
            fluorescence = roles["fluorescence"][0]
            name = f"{labels[fluorescence]}/{labels[i0]}"
            raw.append(_Candidate(f"${fluorescence + 1}/${i0 + 1}", name, "mu_fluorescence"))
    if len(made) == 1:
        # A scan's own column says what the scientist measured; its intensities are the fallback.
        prepared += made
        if made[0].kind == "mu_transmission":
            raw += _transmission(table, roles)
    else:
        raw = made + raw
    if not prepared and not raw and len(roles.get("mu_reference", [])) == 1:
        column = roles["mu_reference"][0]
        prepared = [_Candidate(f"${column + 1}", labels[column], "mu_reference")]
    return prepared, raw


def _label_doubts(
    table: ScanTable, chosen: _Candidate, values: NDArray[np.float64], raw: list[_Candidate]
) -> list[str]:
    """Doubt a column called transmission that does not follow from the intensities beside it."""
    made = [c for c in raw if c.kind == "mu_transmission"]
    if chosen.kind != "mu_transmission" or not made:
        return []
    other = evaluate(made[0].expression, table.labels, table.values)
    good = np.isfinite(values) & np.isfinite(other)
    if good.sum() < 10:
        return []
    ramp = np.linspace(-1, 1, int(good.sum()))
    basis = np.column_stack([other[good], np.ones_like(ramp), ramp, ramp**2])
    fit, *_ = np.linalg.lstsq(basis, values[good], rcond=None)
    rest = float(np.std(values[good] - basis @ fit))
    if rest < 0.02 * float(np.ptp(values[good])):
        return []
    return [
        f"column {chosen.name!r} does not follow from {made[0].name}: it may be fluorescence, which "
        f'self-absorption flattens; --mu "{made[0].expression}" takes the transmission'
    ]


def _transmission(table: ScanTable, roles: dict[str, list[int]]) -> list[_Candidate]:
    if not (roles.get("i0") and roles.get("transmitted")):
        return []
    i0, it = roles["i0"][0], roles["transmitted"][0]
    name = f"-ln({table.labels[it]}/{table.labels[i0]})"
    return [_Candidate(f"ln(${i0 + 1}/${it + 1})", name, "mu_transmission")]


def _reference(
    table: ScanTable, energy: NDArray[np.float64], roles: dict[str, list[int]]
) -> NDArray[np.float64] | None:
    """Find the absorption of a foil behind the sample, where it shows an edge."""
    if table.reference is not None:
        try:
            return evaluate(table.reference, table.labels, table.values)
        except EdgepairError:
            return None
    expressions = [f"${column + 1}" for column in roles.get("mu_reference", [])[:1]]
    if roles.get("transmitted") and roles.get("reference"):
        it, ir = roles["transmitted"][0], roles["reference"][0]
        expressions.append(f"ln(${it + 1}/${ir + 1})")
    for expression in expressions:
        values = evaluate(expression, table.labels, table.values)
        if _contrast(energy, values) >= CLEAR:
            return values
    return None


def _contrast(energy: NDArray[np.float64], mu: NDArray[np.float64]) -> float:
    points = tidy(energy, mu)
    return edge_contrast(points.energy, points.columns[0]) if len(points.energy) >= 10 else 0.0


def _unlabelled(
    table: ScanTable,
    energy: NDArray[np.float64],
    energy_column: int,
    roles: dict[str, list[int]],
    reference: NDArray[np.float64] | None,
    where: str,
) -> Absorption:
    """Take the only other column; of several, that which is the logarithm of two others' ratio; or ask."""
    count = table.values.shape[1]
    others = [c for c in range(count) if c != energy_column]
    known = {c for role in ("i0", "transmitted", "reference", "fluorescence") for c in roles.get(role, [])}
    if len(others) == 1 and others[0] not in known:
        name = table.labels[others[0]] if table.labels else "column 2"
        return Absorption(table.values[:, others[0]].copy(), name, reference)
    related = [
        (c, made)
        for c in others[:_MOST_RELATED]
        if c not in known and (made := _logarithm_of_ratio(table.values, c, others[:_MOST_RELATED]))
    ]
    clear = [
        (c, made)
        for c, made in related
        if not _refers(made, related) and _contrast(energy, table.values[:, c]) >= CLEAR
    ]
    if len(clear) == 1:
        column, (above, below) = clear[0]
        label = table.labels[column] if table.labels else f"column {column + 1}"
        text = f"{label}, which is ln({_name(table, above)}/{_name(table, below)})"
        behind = [m for c, m in related if c != column and m[0] == below]
        if reference is None and behind:
            reference = evaluate(f"ln(${behind[0][0] + 1}/${behind[0][1] + 1})", (), table.values)
        return Absorption(table.values[:, column].copy(), text, reference)
    example = _best_ratio(table.values, energy, others)
    raise MeasurementError(
        f"cannot tell which columns of {where} make the absorption",
        found="columns " + describe_columns(table.labels, count),
        needed="a column of mu, or intensities before and behind the sample, labelled as such",
        suggestion=f'say it: --mu "{example}", or another ratio or column'
        if count > 2
        else 'if the second column is the absorption nevertheless, say so: --mu "$2"',
    )


def _refers(made: tuple[int, int], related: list[tuple[int, tuple[int, int]]]) -> bool:
    """Whether a ratio begins where another one ends: the foil behind the sample."""
    return any(other[1] == made[0] for _, other in related if other != made)


def _name(table: ScanTable, column: int) -> str:
    return table.labels[column] if table.labels else f"${column + 1}"


def _logarithm_of_ratio(
    values: NDArray[np.float64], column: int, others: list[int]
) -> tuple[int, int] | None:
    """Find two columns whose ratio's logarithm a third is, to the digits written."""
    target = values[:, column]
    positive = [
        c for c in others if c != column and np.isfinite(values[:, c]).all() and (values[:, c] > 0).all()
    ]
    if not np.isfinite(target).all() or np.ptp(target) == 0:
        return None
    logs = {c: np.log(values[:, c]) for c in positive}
    spread = float(np.std(target))
    for above in positive:
        for below in positive:
            if (
                above != below
                and float(np.median(np.abs(logs[above] - logs[below] - target))) < 1e-3 * spread
            ):
                return above, below
    return None


def _best_ratio(values: NDArray[np.float64], energy: NDArray[np.float64], others: list[int]) -> str:
    """Find a ratio of columns that shows a known edge, as an example to show; neighbours first."""
    usable = [c for c in others if np.isfinite(values[:, c]).all() and (values[:, c] > 0).all()]
    # What moves one way with the energy is a motor, not a detector.
    usable = [c for c in usable if abs(np.sign(np.diff(values[:, c])).mean()) < 0.9][:8]
    pairs = [(a, b) for a in usable for b in usable if a != b]
    # Chambers stand in a row, and mostly so in files: before the sample, behind it, behind the foil.
    for above, below in sorted(pairs, key=lambda pair: abs(pair[0] - pair[1])):
        points = tidy(energy, np.log(values[:, above] / values[:, below]))
        if len(points.energy) < 10 or edge_contrast(points.energy, points.columns[0]) < CLEAR:
            continue
        if recognise_edge(points.energy, points.columns[0])[0] is not None:
            return f"ln(${above + 1}/${below + 1})"
    for column in others[:_MOST_RELATED]:
        if _contrast(energy, values[:, column]) >= CLEAR:
            return f"${column + 1}"
    return "ln($2/$3)"
