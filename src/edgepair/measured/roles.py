"""What the labels of columns mean: energy, absorption, intensities before and behind the sample.

Every beamline has its own words. Only words whose meaning is shared are known here; a label that is
not among them has no role, and whoever needs it is asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_UNIT = re.compile(r"[\[(<{]\s*([^\])>}]*?)\s*[\])>}]\s*$")
_UNITS = {
    "ev": "eV",
    "electronvolt": "eV",
    "electronvolts": "eV",
    "kev": "keV",
    "deg": "degree",
    "degs": "degree",
    "degree": "degree",
    "degrees": "degree",
    "°": "degree",
}

_EXACT = {
    "energy": "energy e en ev kev energyev energykev photonenergy xrayenergy nrj eev ekev hv energies",
    "angle": "angle theta bragg braggangle monoangle monobragg monotheta angledeg thetadeg angleo",
    "mu": "mu xmu mux mue xmue absorption absorbance abscoef absorptioncoefficient mucoeff mut muet abs "
    "muraw rawmu",
    "mu_transmission": "mutrans mutransmission mutr mutran xmutrans abstrans transmissionmu "
    "mutransmitted lni0it lni0i1 lni0itrans logi0it logi0i1 logi0itrans",
    "mu_fluorescence": "mufluor mufluo mufluorescence mufl muf xmufluor absfluor ffi0 ifi0 qexafsffi0",
    "normalized": "norm normmu munorm normalized normalised normabs normalizedmu normalisedmu "
    "normalizedabsorption normalisedabsorption normalizedabsorbance normxmu xmunorm nxmu "
    "normalizedxmu normmue normalizedintensity normalisedintensity",
    "flattened": "flat flatmu muflat flattened flatnorm normflat flattenedmu",
    "mu_reference": "muref mureference murefer xmuref refmu referencemu foilmu mufoil "
    "lnitiref lnitir lni1i2 logitiref logi1i2",
    "i0": "i0 io izero i0det monitor incident incidentbeam incomingbeam incoming i0counts i0raw "
    "ion0 ic0 i00 i0intensity",
    "transmitted": "it i1 itrans itransmission transmission transmitted trans itr i1trans i1raw "
    "itcounts i1counts transmittedbeam ion1 ic1 itrns itran",
    "reference": "i2 ir iref irefer ireference reference refer i3 irefchannel i2ref irf iff0 ion2 ic2 "
    "referenceintensity",
    "fluorescence": "if ifl ifluor ifluo ifluorescence fluor fluo fluorescence iff pips lytle fluodet "
    "fluortot fluorsum fluosum sumfluo totalfluorescence ifluosum fl fluorescencesum sumfluor "
    "fluorescenceyield tfy pfy fluoryield ifluorsum",
}
_ROLES = {name: role for role, names in _EXACT.items() for name in names.split()}

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
)
_REQUESTED = ("request", "setpoint", "nominal", "target", "wanted", "demand", "set", "sp")
_OTHER_ENERGIES = (
    "undulator und id gap ring storage edge shift offset delta step deriv derivative harmonic cutoff "
    "threshold resolution error width"
)
_NOT_MONOCHROMATOR = frozenset(_OTHER_ENERGIES.split())


def role_of(label: str) -> str | None:
    """Say what a label means.

    Parameters
    ----------
    label : str
        As the file has it.

    Returns
    -------
    str or None
        ``energy``, ``angle``, ``mu``, ``mu_transmission``, ``mu_fluorescence``, ``normalized``,
        ``flattened``, ``mu_reference``, ``i0``, ``transmitted``, ``reference``, ``fluorescence``;
        None where the label is not known.

    Examples
    --------
    >>> role_of("Energy (eV)"), role_of("I_0"), role_of("ln(I0/It)"), role_of("temperature")
    ('energy', 'i0', 'mu_transmission', None)
    """
    text = unicodedata.normalize("NFKC", label).strip().strip("\"'").lower()
    formula = _role_of_formula(text)
    if formula:
        return formula
    bare = _UNIT.sub("", text).strip() or text
    for candidate in (text, bare):
        name = re.sub(r"[^0-9a-zα-ω]", "", candidate.replace("μ", "mu"))
        if name in _ROLES:
            return _ROLES[name]
    words = _words(label)
    if "energy" in words and not _NOT_MONOCHROMATOR & set(words):
        return "energy"
    # A counter's name may carry the name of its device, as in "mcs:I0" or "EXP.I1".
    last = re.split(r"[:./\\]", bare)[-1]
    name = re.sub(r"[^0-9a-z]", "", last)
    if last != bare and name in _ROLES and len(name) > 1:
        return _ROLES[name]
    return None


def energy_rank(label: str) -> int:
    """Say how far a label of an energy may be trusted to be what reached the sample.

    Parameters
    ----------
    label : str
        A label whose role is ``energy``.

    Returns
    -------
    int
        0 for the energy without more words, 1 for one read back, 2 for others, 3 for one that was
        only asked for.

    Examples
    --------
    >>> energy_rank("energy"), energy_rank("enc_energy"), energy_rank("Requested Energy")
    (0, 1, 3)
    """
    text = _UNIT.sub("", label.strip().strip("\"'").lower())
    words = _words(label)
    if any(word.startswith(_REQUESTED) for word in words):
        return 3
    if re.sub(r"[^0-9a-z]", "", text) in _EXACT["energy"].split():
        return 0
    return 1 if any(word.startswith(_READBACK) for word in words) else 2


def unit_of(label: str, unit: str) -> str | None:
    """Find the unit of an energy or angle.

    Parameters
    ----------
    label : str
        Of the column, perhaps with its unit in parentheses.
    unit : str
        Of the column, where the file has it apart; may be empty.

    Returns
    -------
    str or None
        ``eV``, ``keV`` or ``degree``.

    Examples
    --------
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
    """Sort columns by what their labels mean.

    Parameters
    ----------
    labels : sequence of str
        One for each column.

    Returns
    -------
    dict of str to list of int
        Columns, counted from 0, of each role that occurs.
    """
    found: dict[str, list[int]] = {}
    for number, label in enumerate(labels):
        role = role_of(label)
        if role:
            found.setdefault(role, []).append(number)
    return found


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
    if not logarithm and above == "fluorescence" and below == "i0":
        return "mu_fluorescence"
    return None


def _words(text: str) -> list[str]:
    """Split a label into its words, at anything but letters and where a capital would begin one."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower()
    return [word for word in re.split(r"[^a-zα-ω]+", apart) if word]
