"""Which columns make the absorption: every reading is judged on the data; labels are prior evidence.

A reading is a column, the logarithm of a ratio of two intensities, or fluorescence over a monitor. One is
plausible where an edge rises far above the noise, as that of an absorption does. What labels offer counts
before what columns without a meaning might be; of transmission and fluorescence, transmission, unless it
is noisier by far: fluorescence of a concentrated sample is flattened by self-absorption.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgepair.conventions import EdgepairError, MeasurementError
from edgepair.conventions.wording import listed
from edgepair.measured.edges import CLEAR, NEAR, l_edges_at
from edgepair.measured.expression import describe_columns, evaluate, first_values
from edgepair.measured.scan import Candidate
from edgepair.measured.xanes.readings import (
    Judged,
    JudgedTable,
    difference,
    fluorescences,
    made_of,
    name_of,
    over_monitor,
    pairs_of,
    steps_of,
    transmissions,
)

if TYPE_CHECKING:
    from edgepair.conventions.tasks import Floats
    from edgepair.measured.scan import ScanTable

NOISIER = 5.0
"""Times the noise of fluorescence, in edge steps, from which transmission is passed over."""

FAINT = 3.0
"""Edge step over noise of a column that its label calls an absorption, where nothing better is there."""

_MOST_SINGLES = 60
"""Unlabelled columns that are judged each by itself."""

_COUNTS = 20.0
"""Size from which a column holds counts, not an absorption."""

_AGREE = 0.03
"""Edge steps, root mean square, within which two readings are one spectrum."""


@dataclass(frozen=True)
class Absorption:
    """The absorption of a scan, shape (n_points,), in the order of the file, and why it is that."""

    mu: Floats
    mu_from: str
    reason: str
    reference: Floats | None = None
    candidates: tuple[Candidate, ...] = ()
    warnings: tuple[str, ...] = ()


def find_absorption(
    table: ScanTable,
    energy: Floats,
    energy_column: int,
    where: str,
    *,
    mu: str | None = None,
    near: float | None = None,
) -> Absorption:
    """Find or make the absorption of a scan by user, format or data; energies (n_points,) in eV."""
    judged = JudgedTable(table, energy, energy_column, near)
    reference = _reference(judged)
    if mu is not None:
        return _as_given(judged, mu, where, reference)
    if table.mu is not None:
        values = evaluate(table.mu, table.labels, table.values)
        return Absorption(values, table.mu_name or table.mu, f"as {table.format} stores it", reference)
    warnings: list[str] = []
    chosen, reason = _labelled(judged, warnings)
    if chosen is None:
        chosen, reason = _faint(judged)
        if chosen is None:
            chosen, reason = _unlabelled(judged, warnings)
        elif chosen.candidate.kind == "reference":
            warnings = ["the sample shows no edge; mu is that of the foil behind it"]
        elif not chosen.clear:
            warnings = ["no column shows an edge far above its noise"]
    if chosen is None:
        raise _none(judged, where)
    if reference is None:
        reference = _foil_behind(judged, chosen)
    return Absorption(
        chosen.values, chosen.candidate.name, reason, reference, _listed(judged, chosen), tuple(warnings)
    )


def _as_given(judged: JudgedTable, mu: str, where: str, reference: Floats | None) -> Absorption:
    """Take the user's word, or say why the data cannot be that."""
    made = judged.judge(mu, mu.strip(), "absorption")
    doubt = made.evidence.doubt
    if made.evidence.impossible:
        upward = re.sub(r"^\s*+-?\s*+(?:ln|log)\(\s*+([^/()]++)/([^/()]++)\)\s*+$", r"ln(\2/\1)", mu)
        better = upward if made.evidence.falls and upward != mu else ""
        if not better:
            _labelled(judged, [])
            _unlabelled(judged, [])
            better = next((f.candidate.expression for f in _likely(judged)), "")
        raise MeasurementError(
            f"cannot take {mu.strip()!r} as the absorption of {where}",
            found=f"it {doubt}",
            needed="an absorption: finite at most energies, rising at the edge",
            suggestion=f'--mu "{better}"'
            if better
            else "name another column or ratio with --mu; "
            f"columns {describe_columns(judged.table.labels, judged.count)}",
        )
    warnings = (f"{mu.strip()} {doubt}",) if doubt else ()
    return Absorption(made.values, mu.strip(), "as given", reference, _listed(judged, made), warnings)


def _labelled(judged: JudgedTable, warnings: list[str]) -> tuple[Judged | None, str]:
    """Choose among the readings that labels offer."""
    prepared = [
        judged.judge(f"${c + 1}", judged.label(c), "absorption")
        for role in ("mu", "normalized", "flattened")
        for c in judged.roles.get(role, [])
    ]
    made = {
        kind: [judged.judge(f"${c + 1}", judged.label(c), kind) for c in judged.roles.get(f"mu_{kind}", [])]
        for kind in ("transmission", "fluorescence")
    }
    own = [*made["transmission"], *made["fluorescence"]]
    raw = {"transmission": transmissions(judged), "fluorescence": fluorescences(judged)}
    if raw["fluorescence"] and not judged.roles.get("i0"):
        named = {c for columns in judged.roles.values() for c in columns}
        raw["transmission"] = pairs_of(
            judged, *steps_of(judged, [c for c in judged.others if c not in named])
        )[:1]
    # A scan's own column says what the scientist measured; its intensities are the fallback.
    first = [*prepared, *(own if len(own) == 1 else [])]
    for one in first:
        if one.clear:
            warnings += _label_doubts(one, raw["transmission"])
            return one, f"column {one.candidate.name!r}, which its label calls an absorption"
        if any(c.clear for kind in raw.values() for c in kind) or any(c.clear for c in first):
            warnings.append(f"column {one.candidate.name!r} {one.candidate.problem} and is not used")
    transmission = [c for c in (*made["transmission"], *raw["transmission"]) if c.clear][:1]
    # Where channels and their sum agree, corrected counts come first, then what is less noisy.
    fluorescence = [c for c in (*made["fluorescence"], *raw["fluorescence"]) if c.clear][:1]
    for kind in raw:
        passed = next(iter([*made[kind], *raw[kind]]), None)
        if (
            passed is not None
            and not {"transmission": transmission, "fluorescence": fluorescence}[kind]
            and (transmission or fluorescence)
        ):
            warnings.append(f"{passed.candidate.name} {passed.candidate.problem} and is not used")
    for other in raw["transmission"] if transmission else ():
        # Several samples behind one monitor.
        same_i0 = (
            other.candidate.expression.split("/")[0] == transmission[0].candidate.expression.split("/")[0]
        )
        apart = difference(judged, transmission[0], other) if other.clear and same_i0 else 0.0
        if apart > _AGREE:
            warnings.append(_another(other, apart))
    if transmission and fluorescence:
        return _of_both(judged, transmission[0], fluorescence[0], warnings)
    for found in (*transmission, *fluorescence):
        rest = (
            ""
            if len([c for c in judged.tried.values() if c.clear]) > 1
            else ", the only reading with an edge"
        )
        return found, f"{found.candidate.kind}, {_columns(found, judged)} by their labels{rest}"
    return None, ""


def _of_both(
    judged: JudgedTable, transmission: Judged, fluorescence: Judged, warnings: list[str]
) -> tuple[Judged, str]:
    """Take transmission before fluorescence, unless it is noisier by far; agreeing, the less noisy."""
    quieter = fluorescence.evidence.contrast / transmission.evidence.contrast
    apart = difference(judged, transmission, fluorescence)
    chosen, other = (fluorescence, transmission) if quieter > NOISIER else (transmission, fluorescence)
    taken = chosen.candidate
    if apart <= _AGREE:
        return chosen, f"{taken.kind}; {other.candidate.name} gives the same spectrum"
    why = (
        "which self-absorption does not flatten"
        if chosen is transmission
        else f"whose noise is {quieter:.0f} times smaller"
    )
    warnings.append(_another(other, apart))
    return chosen, f"{taken.kind}, {why}; {other.candidate.kind} was measured too"


def _another(other: Judged, apart: float) -> str:
    return (
        f"{other.candidate.name} shows an edge too, and another spectrum ({apart:.2f} edge steps apart); "
        f'--mu "{other.candidate.expression}" takes it'
    )


def _unlabelled(judged: JudgedTable, warnings: list[str]) -> tuple[Judged | None, str]:
    """Judge columns without a meaning: each as mu, then logarithms of ratios, then ratios."""
    known = {c for role in ("reference", "mu_reference") for c in judged.roles.get(role, [])}
    upside_down = any(
        one.evidence.step < 0 for one in judged.tried.values() if one.candidate.kind != "absorption"
    )
    if upside_down:
        warnings.append(
            "intensities are not what their labels say: with these the absorption falls at the edge"
        )
    elif judged.roles.get("i0") and (judged.roles.get("transmitted") or judged.roles.get("fluorescence")):
        # What these give was judged by their labels.
        known |= {c for role in ("i0", "transmitted", "fluorescence") for c in judged.roles.get(role, [])}
    columns = [c for c in judged.others if c not in known]
    if not columns:
        return None, ""
    least = CLEAR if len(columns) > 1 else 0.0
    singles = {
        c: judged.judge(f"${c + 1}", name_of(judged, c), "absorption", least=least)
        for c in columns[:_MOST_SINGLES]
    }
    i0 = judged.roles.get("i0", [])
    if columns == i0[:1]:
        return None, ""
    if len(columns) == 1:
        only = singles[columns[0]]
        if only.clear and not judged.climbs(columns[0], only):
            return only, f"{only.candidate.name}, the only column beside the energies: {_rise(only)}"
        if judged.shows_in_means(only):
            warnings.append("no column shows an edge far above its noise; means of four points do")
            return only, f"{only.candidate.name}, the only column beside the energies: {_rise(only)}"
        return _transmittance(judged, columns[0])
    channels, falls, rises = steps_of(judged, list(singles))
    made = {
        c: one
        for c, one in singles.items()
        if one.clear
        and one.evidence.symbol is not None
        and c not in i0
        and not judged.waits(c)
        and not judged.climbs(c, one)
    }
    transmission, own = _transmission(judged, pairs_of(judged, channels, falls, rises), made)
    monitors = sorted((c for c in channels if c not in falls and c not in rises), key=judged.drifts)[:3]
    monitors = i0[:1] or monitors
    if transmission and not i0:
        monitors = _columns_of(transmission[0])[:1]
    over = {c: over_monitor(judged, one, monitors, counts=_is_counted(one)) for c, one in made.items()}
    # Beside intensities that give an absorption, another column that rises is fluorescence.
    ready = own if transmission else [one for c, one in made.items() if over[c] is one]
    ready.sort(key=lambda one: -one.evidence.contrast)
    fluorescence = [over[c] for c in sorted(rises & over.keys()) if not any(made[c] is one for one in ready)]
    fluorescence.sort(key=lambda one: -one.evidence.contrast)
    if ready:
        other = f", as {transmission[0].candidate.name} is" if transmission else ""
        return ready[0], f"{ready[0].candidate.name}{other}: {_rise(ready[0])}"
    if transmission and fluorescence:
        return _of_both(judged, transmission[0], fluorescence[0], warnings)
    for found in (*transmission, *fluorescence[:1]):
        return found, f"{found.candidate.name}, of columns without a known label: {_rise(found)}"
    return None, ""


def _transmission(
    judged: JudgedTable, pairs: list[Judged], made: dict[int, Judged]
) -> tuple[list[Judged], list[Judged]]:
    """Choose intensities: those first of which a column was made, and that column; never a foil behind."""
    for pair in pairs:
        if _columns_of(pair)[0] == _columns_of(pairs[0])[1]:
            continue
        for one in made.values():
            if not _is_counted(one) and made_of(one, pair) and difference(judged, one, pair) <= _AGREE:
                return [pair], [one]
    return pairs[:1], []


def _columns_of(one: Judged) -> list[int]:
    return [int(number) - 1 for number in re.findall(r"\$(\d+)", one.candidate.expression)]


def _is_counted(one: Judged) -> bool:
    return float(np.abs(np.nanmedian(one.values))) >= _COUNTS


def _transmittance(judged: JudgedTable, column: int) -> tuple[Judged | None, str]:
    """Take the logarithm of a column that is a transmitted part of the beam: between 0 and 1, falling."""
    values = judged.table.values[:, column]
    finite = values[np.isfinite(values)]
    most = 105.0 if "%" in name_of(judged, column) else 1.05
    if judged.tried[f"${column + 1}"].evidence.step >= 0 or not (finite.min() > 0 and finite.max() <= most):
        return None, ""
    made = judged.judge(f"-ln(${column + 1})", f"-ln({name_of(judged, column)})", "transmission")
    return (made, f"{made.candidate.name}: the column falls at the edge between 0 and {most // 1:g}, "
            "as the transmitted part of the beam does") if made.clear else (None, "")  # fmt: skip


def _faint(judged: JudgedTable) -> tuple[Judged | None, str]:
    """Take a reading that labels offer although noise nearly hides its edge, where the element's lies."""
    offered = {f"${c + 1}" for role in ("mu", "normalized", "flattened", "mu_transmission", "mu_fluorescence")
               for c in judged.roles.get(role, [])}  # fmt: skip
    usable = [
        one
        for one in judged.tried.values()
        if (one.candidate.expression in offered or one.candidate.kind in ("transmission", "fluorescence"))
        and not one.evidence.doubt
        and one.evidence.contrast >= FAINT
        and (
            judged.shows_in_means(one)
            if judged.near is None
            else NEAR[0] <= (one.evidence.e0 or 0.0) - judged.near <= NEAR[1]
        )
    ]
    if usable:
        # A scan's own column counts, where it is no noisier than what its intensities give.
        best = max(
            usable,
            key=lambda one: (round(np.log2(one.evidence.contrast)), one.candidate.expression in offered),
        )
        return best, f"{best.candidate.name}, the likeliest of what labels offer"
    foils = [
        one
        for one in judged.tried.values()
        if one.candidate.kind == "reference" and one.clear and one.evidence.symbol
    ]
    if foils and not _unlabelled(judged, [])[0]:
        return foils[0], f"{foils[0].candidate.name}: the foil is the only thing that shows an edge"
    return None, ""


def _label_doubts(chosen: Judged, made: list[Judged]) -> list[str]:
    """Doubt a column called transmission that does not follow from the intensities beside it."""
    if chosen.candidate.kind != "transmission" or not made:
        return []
    good = np.isfinite(chosen.values) & np.isfinite(made[0].values)
    if good.sum() < 10:
        return []
    ramp = np.linspace(-1, 1, int(good.sum()))
    basis = np.column_stack([made[0].values[good], np.ones_like(ramp), ramp, ramp**2])
    fit, *_ = np.linalg.lstsq(basis, chosen.values[good], rcond=None)
    rest = float(np.std(chosen.values[good] - basis @ fit))
    if rest < 0.02 * float(np.ptp(chosen.values[good])):
        return []
    other = made[0].candidate
    return [
        f"column {chosen.candidate.name!r} does not follow from {other.name}: it may be fluorescence, which "
        f'self-absorption flattens; --mu "{other.expression}" takes the transmission'
    ]


def _reference(judged: JudgedTable) -> Floats | None:
    """Find the absorption of a foil behind the sample, where it shows an edge."""
    table = judged.table
    if table.reference is not None:
        try:
            return evaluate(table.reference, table.labels, table.values)
        except EdgepairError:
            return None
    expressions = [f"${column + 1}" for column in judged.roles.get("mu_reference", [])[:1]]
    it, ir = judged.first("transmitted"), judged.first("reference")
    if it is not None and ir is not None:
        expressions.append(f"ln(${it + 1}/${ir + 1})")
    for expression in expressions:
        made = judged.judge(expression, expression, "reference")
        if made.clear:
            return made.values
    return None


def _foil_behind(judged: JudgedTable, chosen: Judged) -> Floats | None:
    """Find a foil behind a sample whose columns have no labels: its ratio begins where that of mu ends."""
    if judged.roles.get("transmitted"):
        return None
    clear = [one for one in judged.tried.values() if one.clear]
    made = [one for one in clear if re.fullmatch(r"ln\(\$\d+/\$\d+\)", one.candidate.expression)]
    same = (one for one in made if one is chosen or difference(judged, chosen, one) <= _AGREE / 10)
    pair = next(same, None)
    if pair is None:
        return None
    behind = f"ln({pair.candidate.expression[:-1].split('/')[1]}/"
    return next((one.values for one in clear if one.candidate.expression.startswith(behind)), None)


def _likely(judged: JudgedTable) -> list[Judged]:
    """List what might be the absorption, the clearest first."""
    found = [
        one for one in judged.tried.values() if one.evidence.step > 0 and one.candidate.kind != "reference"
    ]
    return sorted(found, key=lambda one: (bool(one.evidence.doubt), -one.evidence.contrast))


def _listed(judged: JudgedTable, chosen: Judged) -> tuple[Candidate, ...]:
    """List readings with an edge, the one taken first."""
    rest = [one for one in judged.tried.values() if one.clear and one is not chosen]
    rest.sort(key=lambda one: -one.evidence.contrast)
    return tuple(one.candidate for one in (chosen, *rest[:9]))


def _columns(made: Judged, judged: JudgedTable) -> str:
    used = sorted({int(n) for n in re.findall(r"\$(\d+)", made.candidate.expression)})
    return ("columns " if len(used) > 1 else "column ") + listed([str(n) for n in used])


def _rise(made: Judged) -> str:
    seen = made.evidence.symbol
    return f"an edge rises at {made.evidence.e0:.1f} eV" + (f", where that of {seen} lies" if seen else "")


def _none(judged: JudgedTable, where: str) -> MeasurementError:
    """Say what was tried, what the columns hold, and what might be meant."""
    likely = _likely(judged)
    tried = [
        f"{one.candidate.name} {one.candidate.problem or f'rises at {one.evidence.e0:.1f} eV'}"
        for one in list(judged.tried.values())[:4]
    ]
    derived = [judged.label(c) for c in judged.roles.get("derived", [])]
    what = "is" if len(derived) == 1 else "are"
    clear = [one.evidence for one in judged.tried.values() if one.evidence.contrast >= CLEAR]
    clear = [one for one in clear if one.e0 and not one.symbol]
    shown = max(clear, key=lambda one: one.contrast).e0 if clear else None
    heavy = l_edges_at(shown) if shown else []
    other = f"; an edge at {shown:.1f} eV, where {' '.join(heavy[0])} lies and no K edge" if heavy else ""
    seems = f"; {listed(derived[:3])} {what} made of a spectrum by a program, and none" if derived else ""
    expression = likely[0].candidate.expression if likely else "ln($2/$3)" if judged.count > 2 else "$2"
    return MeasurementError(
        f"cannot tell which columns of {where} make the absorption",
        found="columns " + first_values(judged.table.labels, judged.table.values)
        + ("; tried: " + "; ".join(tried) if tried else "") + other + seems
        + "".join(f"; {warning}" for warning in judged.table.warnings),
        needed="a column, or a ratio of intensities, that rises at the edge of an element",
        suggestion="name the file of mu(E) that it was made from" if derived and not likely
        else f'say it: --mu "{expression}", or another ratio or column',
    )  # fmt: skip
