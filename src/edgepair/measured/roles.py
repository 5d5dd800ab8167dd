"""What the labels of columns mean: energy, absorption, intensities before and behind the sample.

Every beamline has its own words. Only words whose meaning is shared are known here. A label is prior
evidence: what a column is, its numbers decide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_LONGEST_LABEL = 200
_UNIT = re.compile(r"[\[(<{]([^\[(<{\])>}]*+)[\])>}]\s*+$")
_NUMBERED = re.compile(r"^[(\[]?\d{1,3}[)\]]\s*")
_UNITS = {
    "ev": "eV",
    "electronvolt": "eV",
    "electronvolts": "eV",
    "kev": "keV",
    "deg": "degree",
    "degs": "degree",
    "degree": "degree",
    "degrees": "degree",
    "grad": "degree",
    "°": "degree",
}

_WORDS = {
    "energy": "energy omega e en ev kev energyev energykev photonenergy xrayenergy nrj eev ekev hv energies "
    "energie energia energij energija enerji energi photonenergie monoenergie photonenergieev energieev "
    "energiaev エネルギー エネルキー 能量 光子能量 энергия",
    "angle": "angle theta bragg braggangle monoangle monobragg monotheta angledeg thetadeg angleo winkel "
    "angolo angulo braggwinkel 角度",
    "wavelength": "wavelength wavelengtha lambda wellenlange 波長",
    "mu": "mu data xmu mux mue xmue absorption absorbance abscoef absorptioncoefficient mucoeff mut muet abs "
    "muraw rawmu absorcao absorcion absorbanz absorptionskoeffizient assorbimento absorptie 吸収係数 吸収 "
    "吸收系数 吸收 поглощение",
    "mu_transmission": "mutrans mutransmission mutr mutran xmutrans abstrans transmissionmu "
    "mutransmitted lni0it lni0i1 lni0itrans logi0it logi0i1 logi0itrans",
    "mu_fluorescence": "mufluor mufluo mufluorescence mufl muf xmufluor absfluor ffi0 ifi0 qexafsffi0",
    "normalized": "norm normmu munorm normalized normalised normabs normalizedmu normalisedmu "
    "normalizedabsorption normalisedabsorption normalizedabsorbance normxmu xmunorm nxmu "
    "normalizedxmu normmue normalizedintensity normalisedintensity normalisiert normalise normalizado "
    "normalizzato",
    "flattened": "flat flatmu muflat flattened flatnorm normflat flattenedmu",
    "mu_reference": "muref mureference murefer xmuref refmu referencemu foilmu mufoil "
    "lnitiref lnitir lni1i2 logitiref logi1i2",
    "i0": "i0 io izero i0det mon monitor incident incidentbeam incomingbeam incoming i0counts i0raw "
    "ion0 ic0 i00 i0intensity ionchamber0 ich0 i0ch",
    "transmitted": "it i1 itrans itransmission transmission transmitted trans itr i1trans i1raw "
    "itcounts i1counts transmittedbeam ion1 ic1 itrns itran transmittance ich1",
    "reference": "i2 ir ref iref irefer ireference reference refer i3 irefchannel i2ref irf iff0 ion2 ic2 "
    "referenceintensity ich2",
    "fluorescence": "if ifl ifluor ifluo ifluorescence fluor fluo fluorescence iff pips lytle fluodet "
    "fluortot fluorsum fluosum sumfluo totalfluorescence ifluosum fl fluorescencesum sumfluor "
    "fluorescenceyield tfy pfy fluoryield ifluorsum fluoreszenz fluorescencia fluorescenza 蛍光 "
    "herfd hrfd tey cey electronyield totalelectronyield conversionelectronyield iey",
    # Made of a spectrum by a program, and none itself.
    "derived": "mu0 bkg background bg nbkg fbkg preedge postedge pre post der deriv derivative sec secder "
    "nder nsec dmu dmude d2mu firstderivative secondderivative fit lcf lcffit residual residuals resid "
    "diff difference chi chik k2chi k3chi k1chi window win muglitch baseline spline bestfit",
    "neither": "time seconds sec1 counttime timer livetime realtime deadtime dt icr ocr temperature "
    "temp current ring ringcurrent date hora clock gap epoch index point pt points row err error "
    "std stddev sigma uncertainty muerr muerror dark darkcurrent zeit datum datetime timestamp k q r",
}
_ROLES = {name: role for role, names in _WORDS.items() for name in names.split()}

_FLUORESCENCE = re.compile(
    r"(?:i?f|i?fl|i?fluo?r?|f[fy]|[tp]fy|i?fch|dtc?|sca|roi|mca|ch?fluo?r?|xmap|sdd|vortex|lytle|pips|xsp|xia"
    r"|ketek|ge|fluorescence)(?:c|corr|sum|tot|total)?(?:ch|roi|mca)?\d*(?:c|corr|sum|roi\d*|mca\d*)?"
    r"|(?:sum|tot)?(?:[a-z]{1,2}k[ab]|[a-z]{0,2}k(?:alpha|beta))\d?(?:sum|tot|corr)?(?:mca\d*|ch\d*|roi\d*|dtc?\d*|det\d*)?\d*(?:sum)?"
    r"|(?:sum)?(?:fluo|roi|mca|dtc)\w{0,8}(?:sum)?"
    r"|\w{0,12}(?:mca|roi)\d{1,3}"
)
"""Windows of an energy-dispersive detector, element by element or together."""

CORRECTED = re.compile(r"(?:^|[\W_])(?:c|corr\w*|dtc\w*)(?:$|[\W_\d])|dtc|deadtimecorr|corrected", re.I)
"""Labels of counts that were corrected for dead time."""

_READBACK = (
    "enc",
    "achieved",
    "attained",
    "readback",
    "rbv",
    "actual",
    "measured",
    "fbk",
    "feedback",
    "real",
    "observed",
)
_REQUESTED = ("request", "setpoint", "nominal", "target", "wanted", "demand", "set", "sp")
_OTHER_ENERGIES = (
    "undulator und id gap ring storage edge shift offset delta step deriv derivative harmonic cutoff "
    "threshold resolution error width"
)
_NOT_MONOCHROMATOR = frozenset(_OTHER_ENERGIES.split())
INTENSITIES = ("i0", "transmitted", "reference", "fluorescence")
_OF_DETECTORS = (
    "icr ocr deadtime dead livetime live realtime time clock outputcounts inputcounts output input dtfactor "
    "factor gain offset sens sensitivity dark error err std volt voltage temperature gap"
)
_ASIDE = frozenset(_OF_DETECTORS.split())


@lru_cache(50_000)
def role_of(label: str) -> str | None:
    """Say what a label means: a key of the table above, or None where it is not known.

    >>> role_of("Energy (eV)"), role_of("I_0"), role_of("ln(I0/It)"), role_of("Fe2O3")
    ('energy', 'i0', 'mu_transmission', None)
    """
    label = label[:_LONGEST_LABEL]
    text = unicodedata.normalize("NFKC", label).strip().strip("\"'*").strip().lower()
    formula = _role_of_formula(text)
    if formula:
        return formula
    bare = _UNIT.sub("", text).strip() or text
    # A counter's name may carry its device before it, as in "mcs:I0", or the board behind, as in "I0-32".
    last = re.split(r"[:./\\]", bare)[-1]
    names = [_plain(text), _plain(bare), *([_plain(last)] if len(_plain(last)) > 1 else [])]
    # "(3) I0Detector_darkCorrect" is I0.
    names.append(re.sub(r"(?:det(?:ector)?)?(?:darkcorr\w*)?$", "", _plain(_NUMBERED.sub("", bare))))
    for name in names:
        if name in _ROLES:
            return _ROLES[name]
    words = _words(label)
    if {"energy", "energie", "energia", "ene", "nrj"} & set(words) and not _NOT_MONOCHROMATOR & set(words):
        return "energy"
    # What a detector says of itself, or what is set at an amplifier, is no intensity.
    if "bragg" in words:
        return "angle"
    if _ASIDE & set(words):
        return "neither"
    tokens = [_ROLES.get(token) for token in re.split(r"[\W_]+", bare) if token]
    if len(tokens) > 1 and tokens[0] in INTENSITIES and not any(tokens[1:]):
        return tokens[0]
    # A scaler's channel, as in "sclr_i0".
    if len(tokens) == 2 and tokens[1] in INTENSITIES and not tokens[0] and "_" in bare:
        return tokens[1]
    return "fluorescence" if any(_is_fluorescence(name) for name in names) else None


def energy_rank(label: str) -> int:
    """Rank energies by how surely they reached the sample: 0 plain, 1 read back, 2 others, 3 only set.

    >>> energy_rank("energy"), energy_rank("enc_energy"), energy_rank("Requested Energy")
    (0, 1, 3)
    """
    words = _words(label)
    if any(word.startswith(_REQUESTED) for word in words):
        return 3
    if (plain := _plain(_UNIT.sub("", label.strip().strip("\"'").lower()))) in _WORDS["energy"].split():
        # FEFF's name of the energy is that of an angle elsewhere.
        return 2 if plain == "omega" else 0
    return 1 if any(word.startswith(_READBACK) for word in words) else 2


def unit_of(label: str, unit: str) -> str | None:
    """Find the unit of an energy or angle: ``eV``, ``keV``, ``degree`` or None.

    >>> unit_of("Energy [keV]", ""), unit_of("energy", "eV"), unit_of("energy", "")
    ('keV', 'eV', None)
    """
    known = _UNITS.get(unit.strip().strip("[]()").lower())
    if known:
        return known
    text = label.strip().strip("\"'").lower()
    inside = _UNIT.search(text)
    if inside:
        return _UNITS.get(inside.group(1).strip())
    words = re.split(r"[^0-9a-z°]+", text)
    return next((_UNITS[word] for word in reversed(words) if word in _UNITS), None)


def roles_of(labels: Sequence[str]) -> dict[str, list[int]]:
    """Sort columns, counted from 0, by what their labels mean."""
    found: dict[str, list[int]] = {}
    for number, label in enumerate(labels):
        role = role_of(label)
        if role:
            found.setdefault(role, []).append(number)
    return found


def _plain(text: str) -> str:
    """Letters and digits alone, without accents."""
    apart = unicodedata.normalize("NFKD", text.replace("μ", "mu").replace("µ", "mu"))
    return re.sub(r"[\W_]", "", "".join(c for c in apart if not unicodedata.combining(c)).lower())


def _is_fluorescence(name: str) -> bool:
    return len(name) > 1 and _FLUORESCENCE.fullmatch(name) is not None


def _role_of_formula(text: str) -> str | None:
    """Understand labels that are formulas, as ``ln(I0/It)`` or ``If/I0``."""
    squeezed = re.sub(r"[\s_]", "", text)
    ratio = re.fullmatch(r"(-?)(?:log|ln)?\(?([a-z]+\d?)/([a-z]+\d?)\)?", squeezed)
    if not ratio:
        return None
    above, below = (_ROLES.get(ratio.group(n)) for n in (2, 3))
    logarithm = "ln" in squeezed or "log" in squeezed
    if logarithm and {above, below} == {"i0", "transmitted"}:
        # Upside down without its minus, the absorption would point down: then nobody is sure.
        return "mu_transmission" if (above == "i0") != bool(ratio.group(1)) else None
    if logarithm and {above, below} == {"transmitted", "reference"}:
        return "mu_reference" if (above == "transmitted") != bool(ratio.group(1)) else None
    if not logarithm and below == "i0" and (above == "fluorescence" or _is_fluorescence(ratio.group(2))):
        return "mu_fluorescence"
    return None


def _words(text: str) -> list[str]:
    """Split a label into its words, at anything but letters and where a capital would begin one."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKD", text)).lower()
    return [word for word in re.split(r"[^a-zα-ω]+", apart) if word]
