"""Which item of a file is the metal, and which others it calibrates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from edgepair.measured.scan import XanesScan
from edgepair.spectra.alignment import metal_shift

FARTHEST = 5.0
"""eV; an item of its own moves others no farther: energies so far off are a matter for the user."""

AGREE = 0.5
"""eV within which foils of one file must agree, or it was measured on more than one scale."""

_NAMED = re.compile(r"foil|(?:^|[^a-z])(?:ref|metal)", re.I)
_SETUP = ("facility.name", "beamline.name", "mono.name", "mono.d_spacing")
"""Keys of a header that two scans on one energy scale have in common where both have them."""


def with_foils(scans: Sequence[XanesScan], others: Sequence[XanesScan] = ()) -> tuple[XanesScan, ...]:
    """Mark foils and give them to items without one, if a project, or the metal's shape, ties them."""
    items = (*scans, *others)
    shifts = {
        place: shift
        for place, scan in enumerate(items)
        if scan.absorber and scan.edge in (None, "K")
        and (shift := metal_shift(scan.energy, scan.mu, scan.absorber)) is not None
    }  # fmt: skip
    tied = _tied(items, shifts)
    found = list(items)
    foils = set(tied.values()) | {place for place in shifts if _NAMED.search(items[place].item)}
    for place, scan in enumerate(scans):
        if scan.reference is not None or place in foils:
            continue
        own = [k for k in shifts if k != place and place not in shifts and _one_scale(items[k], scan)]
        if place in tied:
            own = [tied[place]]
        elif own and max(shifts[k] for k in own) - min(shifts[k] for k in own) > AGREE:
            told = ", ".join(f"{items[k].item!r} {shifts[k]:+.2f} eV" for k in own)
            doubt = f"the metals of the file ask for different shifts: {told}; none is used"
            found[place] = replace(scan, warnings=(*scan.warnings, doubt))
            continue
        if own:
            best = min(own, key=lambda k: (k not in foils, k))
            foils.add(best)
            metal = items[best]
            found[place] = replace(
                scan,
                reference=(metal.energy, metal.mu),
                reference_item=metal.item,
                reference_absorber=metal.absorber or scan.absorber,
            )
    # one item that was asked for by name is a sample, whatever it is; so are foils alone
    if others or len(foils) == len(items):
        foils = set()
    return tuple(replace(found[k], foil=True) if k in foils else found[k] for k in range(len(scans)))


def _tied(items: Sequence[XanesScan], metals: dict[int, float]) -> dict[int, int]:
    """Find the foils that an Athena project ties to samples: of two that are tied, the metal, or by name."""
    groups = {scan.header["Athena.group"]: k for k, scan in enumerate(items) if "Athena.group" in scan.header}
    ties: dict[int, int] = {}
    for place, scan in enumerate(items):
        for key in ("Athena.referencegroup", "Athena.reference"):
            other = groups.get(scan.header.get(key, ""))
            if other is not None and other != place:
                ties.setdefault(place, other)
                ties.setdefault(other, place)
    return {
        sample: foil
        for sample, foil in ties.items()
        if (foil in metals, bool(_NAMED.search(items[foil].item)))
        > (sample in metals, bool(_NAMED.search(items[sample].item)))
    }


def _one_scale(foil: XanesScan, scan: XanesScan) -> bool:
    """Whether nothing in a file says that two of its items have different energy scales."""
    if foil.absorber != scan.absorber or scan.format == "CSV table":
        # each row of a table of spectra may be from elsewhere
        return False
    one, other = ({key.lower(): value for key, value in part.header.items()} for part in (foil, scan))
    return abs(foil.energy_shift - scan.energy_shift) < 0.01 and all(
        one[key] == other[key] for key in _SETUP if key in one and key in other
    )
