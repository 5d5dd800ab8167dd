"""From measured curves to values, intervals and reasons."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations
from numbers import Real
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypedDict, Unpack, overload

from edgepair.conventions import TASKS, TECHNIQUES, DataError, EdgepairError, OptionError, edge_energy
from edgepair.conventions.displayed import Record
from edgepair.features import find_regions
from edgepair.features.xanes import OWN_EDGE
from edgepair.measured import FirstShell, PdfCurve, XanesScan, inspect_pdf, prepare_pdf
from edgepair.measured.pdf.first_shell import only_metal
from edgepair.prediction.answers import (
    CLASSES,
    Answer,
    join_answers,
    join_first_shell,
    nearest_materials,
    nearest_rows,
    reason,
    stretch_contributions,
)
from edgepair.prediction.fitted import Source
from edgepair.prediction.result import Prediction, Predictions, ShownCurve
from edgepair.prediction.sample import (
    Arrays,
    GivenSample,
    ManyCurves,
    OneCurve,
    PreparedXanes,
    gather_given,
    pdf_curve,
    prepare_xanes,
    technique_of,
)
from edgepair.prediction.xanes_rows import to_own_edge

if TYPE_CHECKING:
    import xarray as xr

    from edgepair.conventions.tasks import Floats
    from edgepair.prediction.xanes_model import XanesModel
    from edgepair.spectra.alignment import FoilReading
    from edgepair.standards import Standard

DOUBTED_SHIFT = 3.0
"""What a shape asks to be added to a calibrated scale makes it doubtful from this many of its own
errors on."""

FARTHEST_SHIFT = 5.0
"""eV; a curve without calibration is not drawn farther from where it was measured, unless asked."""

COUNTED = MappingProxyType(
    {
        "standards": "oxygens within a cut-off, as in the library of standards",
        "simulations": "CrystalNN's neighbours, as in simulations",
    }
)
"""What coordination numbers count, by what they were learnt from."""

CAUTION = 0.7
"""Distance, in units of what is called outside, from which to be careful."""


@dataclass
class _Part:
    """What one technique says."""

    technique: str
    answers: dict[str, Answer]
    distance: float
    doubts: list[str] = field(default_factory=list)
    doubtful: bool = False
    no_oxide: bool = False
    nearest: list[Record] = field(default_factory=list)
    curves: tuple[ShownCurve, ...] = ()
    first_shell: FirstShell | None = None
    reasons: list[Record] = field(default_factory=list)
    counted: str = COUNTED["simulations"]


class PredictOptions(TypedDict, total=False):
    """Options of `predict`."""

    absorber: str | None
    confidence_level: float
    standards: Sequence[Standard]
    shift: float | None
    foil: FoilReading | None
    e0: float | None
    pre: tuple[float, float] | None
    post: tuple[float, float] | None
    radiation: str | None
    data: xr.Dataset | str | Path | None
    model: str | Path | None
    explain: bool


@overload
def predict(
    mu: XanesScan | Arrays | None = None,
    G: PdfCurve | Arrays | None = None,
    G_M: PdfCurve | Arrays | None = None,
    **options: Unpack[PredictOptions],
) -> Prediction: ...


@overload
def predict(
    mu: OneCurve | ManyCurves | None = None,
    G: OneCurve | ManyCurves | None = None,
    G_M: OneCurve | ManyCurves | None = None,
    **options: Unpack[PredictOptions],
) -> Prediction | Predictions: ...


def predict(
    mu: OneCurve | ManyCurves | None = None,
    G: OneCurve | ManyCurves | None = None,
    G_M: OneCurve | ManyCurves | None = None,
    *,
    absorber: str | None = None,
    confidence_level: float = 0.9,
    standards: Sequence[Standard] = (),
    shift: float | None = None,
    foil: FoilReading | None = None,
    e0: float | None = None,
    pre: tuple[float, float] | None = None,
    post: tuple[float, float] | None = None,
    radiation: str | None = None,
    data: xr.Dataset | str | Path | None = None,
    model: str | Path | None = None,
    explain: bool = True,
) -> Prediction | Predictions:
    """Read oxidation state, coordination number and bond length off measured curves.

    Parameters
    ----------
    mu : path, XanesScan, pair of array_like, DataArray or sequence, optional
        Absorption at the absorber's K edge: a file, what `read_xanes` gives, energies in eV or keV and mu,
        or an array with the coordinate ``energy``. A sequence of files, curves or pairs, a file of several
        spectra and an array of more dimensions are several samples. A PDF given first, alone, is one.
    G : path, PdfCurve, pair of array_like, DataArray or sequence, optional
        Total PDF: a file, what `read_pdf` gives, r in Å and G, or an array with the coordinate ``r``.
    G_M : path, PdfCurve, pair of array_like, DataArray or sequence, optional
        The absorber's differential PDF.
    absorber : str, optional
        Chemical symbol; may be left out where the spectrum tells.
    confidence_level : float, optional
        Coverage of intervals and class sets.
    standards : sequence of Standard, optional
        The user's own, from `edgepair.standards.read_standards`.
    shift : float, optional
        To be added to the spectrum's energies, eV.
    foil : FoilReading, optional
        From a foil measured apart.
    e0 : float, optional
        Energy of the edge, eV on the scale of the file.
    pre, post : tuple of float, optional
        Ranges of the pre-edge and the post-edge that normalise the spectrum, eV relative to E0;
        chosen where not given. The training set keeps its own.
    radiation : str, optional
        ``x-ray`` or ``neutron``, where the PDF's header does not tell.
    data : xarray.Dataset or path, optional
        The user's own simulations, in place of the bundled ones.
    model : path, optional
        A model that ``edgepair train`` saved, in place of fitting one.
    explain : bool, optional
        Whether to tell what drove each answer.

    Returns
    -------
    Prediction or Predictions
        Of one sample: answers of each technique alone, then of all together. Of several: a sequence of
        these, with one table.

    Raises
    ------
    EdgepairError
        Nothing was given, or something cannot be understood; of several samples, none can be.
    """
    _check_level(confidence_level)
    answer = partial(
        _answer, absorber=absorber, level=confidence_level, radiation=radiation, explain=explain,
        source=Source(tuple(standards), data, model, shift_given=shift is not None),
        prepare=partial(prepare_xanes, absorber=absorber, shift=shift, foil=foil, e0=e0, pre=pre, post=post),
    )  # fmt: skip
    samples = gather_given(mu, G, G_M, absorber=absorber, radiation=radiation)
    if len(samples) == 1:
        return answer(samples[0])
    outcomes = [_try_answer(answer, sample) for sample in samples]
    if not any(isinstance(outcome, Prediction) for outcome in outcomes):
        answer(samples[0])
    return Predictions(tuple(sample.name(n) for n, sample in enumerate(samples, 1)), tuple(outcomes))


def _try_answer(answer: Callable[[GivenSample], Prediction], sample: GivenSample) -> Prediction | str:
    """Answer one sample of several, or say why there is no answer."""
    try:
        return answer(sample)
    except EdgepairError as error:
        return f"{error.problem}: found {error.found}; needed {error.needed}; try: {error.suggestion}"


def _answer(
    sample: GivenSample,
    *,
    absorber: str | None,
    level: float,
    radiation: str | None,
    explain: bool,
    source: Source,
    prepare: Callable[[XanesScan | Arrays], PreparedXanes],
) -> Prediction:
    """Answer one sample."""
    if sample.error is not None:
        raise sample.error
    mu, G, G_M = sample.mu, sample.G, sample.G_M
    parts: list[_Part] = []
    warnings: list[str] = []
    prepared: PreparedXanes | None = None
    metal = absorber
    if mu is not None:
        prepared = prepare(mu)
        metal = prepared.absorber
        part, prepared = _xanes_part(prepared, source, level, explain)
        parts.append(part)
        warnings += prepared.warnings
    if metal is None:
        named = (only_metal(curve.composition) for curve in (G, G_M) if isinstance(curve, PdfCurve))
        metal = next((name for name in named if name is not None), None)
    if metal is None:
        raise OptionError(
            "cannot tell whose surroundings are asked for",
            found="a PDF whose header does not name one metal that edgepair knows",
            needed="the element, as a PDF holds the distances of all",
            suggestion="give --absorber",
        )
    for curve, kind in ((G, "G"), (G_M, "G_M")):
        if curve is not None:
            parts.append(_pdf_part(curve, kind, metal, radiation, source, level, explain))
    parts.sort(key=lambda part: list(TECHNIQUES).index(part.technique))
    for part in parts:
        warnings += part.doubts
    return _assemble(metal, parts, prepared, level, warnings)


def _check_level(level: object) -> None:
    if not isinstance(level, Real) or not 0.5 <= float(level) <= 0.99:
        raise OptionError(
            "cannot use this confidence level",
            found=f"{level!r}",
            needed="a number from 0.5 to 0.99",
            suggestion="0.9 is usual",
        )


def _xanes_part(
    prepared: PreparedXanes, source: Source, level: float, explain: bool
) -> tuple[_Part, PreparedXanes]:
    metal = prepared.absorber
    prepared, fitted, doubts = source.for_spectrum(prepared)
    window = fitted.window
    if metal not in fitted.rows.absorber:
        raise DataError(
            f"cannot answer for the K edge of {metal}",
            found=f"neither standards nor simulations of {metal}",
            needed="one of " + ", ".join(sorted(set(fitted.rows.absorber.tolist()))),
            suggestion="simulate some with edgepair build and give them by --data, or give --standards",
        )
    before = prepared.shift
    to_own = to_own_edge(prepared.energy, prepared.mu, window)
    answers, shown, features = xanes_answers(fitted, prepared, level, to_own)
    apart = fitted.distances(features, metal)[0]
    distance = float(apart.min())
    own = OWN_EDGE - to_own
    off, error = fitted.asked_shift(features, own)
    if not prepared.calibrated:
        doubts.append(
            f"no energy calibration: read from the shape alone, which asks for {off:+.1f} ± {error:.1f} eV;"
            " give --reference or --shift"
            if fitted.rows.has_standards(metal)
            else f"no measured standards of {metal}: read from the shape alone, as simulated energies are"
            " on no beamline's scale"
        )
        if abs(off) <= FARTHEST_SHIFT:
            prepared = prepared.moved(off, error)
        else:
            doubts.append(f"energies seem to be {abs(off):.0f} eV off; they are shown as measured")
            prepared = replace(prepared, error=abs(off))
    doubtful = not prepared.calibrated
    if prepared.calibrated and abs(off) > DOUBTED_SHIFT * error:
        doubts.append(
            f"the shape asks for {off:+.1f} eV on top of the calibration ({prepared.shift:+.1f} eV):"
            " check the foil or --shift"
        )
        doubtful = True
    low = fitted.low_white_line(shown[0], metal)
    doubts += [low] if low and not prepared.metallic else []
    part = _Part("xanes", answers, distance, doubts, doubtful, no_oxide=prepared.metallic or bool(low))
    part.counted = COUNTED["standards" if fitted.rows.has_standards(metal) else "simulations"]
    part.nearest = nearest_rows(fitted, apart)
    edge = edge_energy(metal)
    # curves compared about their own edges are drawn about the sample's
    origin = edge + (own + prepared.shift - before - OWN_EDGE if fitted.aligned else 0.0)
    part.curves = (
        ShownCurve("sample", prepared.energy + edge, prepared.mu),
        *(
            ShownCurve(row["name"], window.grid() + origin, fitted.rows.mu[row["row"]])
            for row in part.nearest
        ),
    )
    if explain:
        place = fitted.positions(shown[0])
        regions = find_regions(metal, "xanes", part.curves[0].x, part.curves[0].y)
        for task, added in fitted.contributions(features[0]).items():
            ends = (window.low, window.high)
            part.reasons += stretch_contributions("xanes", task, added, place, ends, origin, regions)
    return part, prepared


def xanes_answers(
    fitted: XanesModel, prepared: PreparedXanes, level: float, to_own: float
) -> tuple[dict[str, Answer], Floats, Floats]:
    """Answer every task for one spectrum, whose own edge lies `to_own` (eV) from where edges are put."""
    energy = prepared.energy + (to_own if fitted.aligned else 0.0)
    shown = fitted.window.show(energy, prepared.mu)[None]
    features = fitted.features(shown, prepared.absorber)
    return fitted.answers(features, level), shown, features


def _pdf_part(
    given: PdfCurve | Arrays,
    kind: str,
    metal: str,
    radiation: str | None,
    source: Source,
    level: float,
    explain: bool,
) -> _Part:
    if kind == "G_M":
        # --radiation is said of the total PDF
        curve, technique = replace(pdf_curve(given, None), differential=True), "dpdf"
        if curve.radiation == "neutron":
            raise OptionError(
                f"cannot answer for the dPDF {curve.file!r}",
                found="one measured with neutrons",
                needed="an x-ray dPDF, what anomalous scattering measures",
                suggestion="give a neutron PDF as the total one",
            )
    else:
        curve = pdf_curve(given, radiation)
        technique = technique_of(curve, radiation)
    if curve.radiation is None:
        curve = replace(curve, radiation="neutron" if technique == "npdf" else "x-ray")
    seen = inspect_pdf(curve, absorber=metal)
    fitted, instrument, doubts = source.for_pdf(metal, technique, seen)
    measured = prepare_pdf(curve, instrument)
    features = fitted.features(measured[None])
    answers = {task: fitted.answer(features, task, level) for task in fitted.fits}
    apart = fitted.distances(features)[0]
    if "bond_length" in answers:
        answers["bond_length"] = join_first_shell(answers["bond_length"], seen.first_shell, level)
    part = _Part(technique, answers, float(apart.min()), [*seen.warnings, *doubts])
    part.first_shell = seen.first_shell
    part.nearest = nearest_materials(fitted, apart)
    part.curves = (
        ShownCurve("sample", fitted.rows.r, _unit_size(measured)),
        *(
            ShownCurve(row["name"], fitted.rows.r, _unit_size(fitted.rows.G[row["row"]]))
            for row in part.nearest
        ),
    )
    if explain:
        regions = find_regions(metal, technique, fitted.rows.r, part.curves[0].y)
        for task, added in fitted.contributions(features[0]).items():
            ends = (float(fitted.position.min()), float(fitted.position.max()))
            part.reasons += stretch_contributions(technique, task, added, fitted.position, ends, 0.0, regions)
    return part


def _unit_size(curve: Floats) -> Floats:
    size = math.sqrt(float((curve**2).mean()))
    return curve / size if size > 0 else curve


def _assemble(
    metal: str, parts: list[_Part], prepared: PreparedXanes | None, level: float, warnings: list[str]
) -> Prediction:
    table, chances, reasons = [], [], []
    for part in parts:
        metallic = part.technique == "xanes" and prepared is not None and prepared.metallic
        trust = "outside" if part.no_oxide else _trust(part.distance, doubtful=part.doubtful)
        table += _rows(part.technique, part.answers, trust)
        chances += _chances(part.technique, part.answers)
        reasons += part.reasons
        if metallic:
            warnings.append(
                f"xanes: the spectrum of {metal} metal: the values are those of the oxides least unlike it;"
                " do not rely on them"
            )
        elif part.distance > 1:
            warnings.append(
                f"{part.technique}: unlike anything in the training set ({part.distance:.1f} times its own"
                " greatest distances); do not rely on the values"
            )
    if len(parts) > 1:
        name = "+".join(part.technique for part in parts)
        joint: dict[str, Answer] = {}
        for task in TASKS:
            having = [part for part in parts if task in part.answers]
            if len(having) < 2:
                continue
            joint[task], share = join_answers(task, [part.answers[task] for part in having])
            for part, weight in zip(having, share[:, 0], strict=True):
                reasons.append(reason(name, task, part.technique, math.nan, float(weight), ""))
            warnings += _disagreement(task, having)
        trusts = [row["trust"] for row in table]
        worst = max(trusts, key=["ok", "caution", "outside"].index)
        table += _rows(name, joint, worst)
        chances += _chances(name, joint)
    nearest = [{k: v for k, v in row.items() if k != "row"} for part in parts for row in part.nearest]
    return Prediction(
        absorber=metal,
        table=table,
        probabilities=chances,
        explanation=reasons,
        nearest=nearest,
        curves={part.technique: part.curves for part in parts},
        first_shells={part.technique: part.first_shell for part in parts if part.first_shell is not None},
        confidence_level=level,
        energy_shift=math.nan if prepared is None else prepared.shift,
        energy_error=math.nan if prepared is None else prepared.error,
        warnings=tuple(dict.fromkeys(warnings)),
        counted={part.technique: part.counted for part in parts if "coordination_number" in part.answers},
        e0=math.nan if prepared is None else prepared.e0,
        edge_step=math.nan if prepared is None else prepared.edge_step,
    )


def _trust(distance: float, *, doubtful: bool) -> str:
    if distance > 1.0:
        return "outside"
    return "caution" if doubtful or distance > CAUTION else "ok"


def _rows(technique: str, answers: dict[str, Answer], trust: str) -> list[Record]:
    rows = []
    for task, answer in answers.items():
        chance = answer.probability[0].max() if answer.probability.shape[1] else math.nan
        numbers = {name: float(getattr(answer, name)[0]) for name in ("value", "lower", "upper")}
        classes = ";".join(str(name) for name in answer.sets[0]) if answer.sets else ""
        said = {"classes": classes, "probability": float(chance), "trust": trust, "message": ""}
        rows.append({"technique": technique, "task": task} | numbers | said)
    return rows


def _chances(technique: str, answers: dict[str, Answer]) -> list[Record]:
    return [
        {"technique": technique, "task": task, "class": int(name), "probability": float(chance)}
        for task, answer in answers.items()
        if task in CLASSES
        for name, chance in zip(CLASSES[task], answer.probability[0], strict=True)
    ]


def _disagreement(task: str, parts: list[_Part]) -> list[str]:
    """Say which techniques lie farther apart than their half intervals, added in squares, allow."""
    found = []
    for first, second in combinations(parts, 2):
        one, two = first.answers[task], second.answers[task]
        room = math.hypot(*(float(a.upper[0] - a.lower[0]) / 2 for a in (one, two)))
        if abs(one.value[0] - two.value[0]) > room:
            found.append(
                f"{first.technique} and {second.technique} disagree on the {TASKS[task].title.lower()}:"
                f" {one.value[0]:.2f} against {two.value[0]:.2f}"
            )
    return found
