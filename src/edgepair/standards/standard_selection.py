"""Choosing standards by the names of their compounds, beamlines or files."""

from __future__ import annotations

from collections.abc import Sequence

from edgepair.conventions import OptionError, near_miss
from edgepair.standards.standard import Standard


def select_standards(
    standards: Sequence[Standard],
    *,
    only: Sequence[str] | None = None,
    without: Sequence[str] | None = None,
) -> tuple[Standard, ...]:
    """Choose standards by name.

    Examples
    --------
    >>> from edgepair.dataset import load_standards
    >>> sorted({item.compound for item in select_standards(load_standards("Co"), only=["coo"])})
    ['CoO']
    """
    named = [{item.compound.lower(), item.name.lower(), item.beamline.lower()} - {""} for item in standards]
    wanted = {name.strip().lower() for name in only or ()}
    unwanted = {name.strip().lower() for name in without or ()}
    known = set().union(*named) if named else set()
    for name in (*(only or ()), *(without or ())):
        if name.strip().lower() not in known:
            compounds = sorted({item.compound for item in standards} | {item.beamline for item in standards})
            raise OptionError(
                f"cannot choose the standard {name!r}",
                found=f"no compound, beamline or standard of that name among {len(standards)}",
                needed="a name as edgepair data standards lists them",
                suggestion=near_miss(name, [item for item in compounds if item] or ["none"]),
            )
    kept = tuple(
        item
        for item, names in zip(standards, named, strict=True)
        if (not wanted or names & wanted) and not names & unwanted
    )
    if standards and not kept:
        raise OptionError(
            "cannot choose standards",
            found="all of them left out",
            needed="at least one",
            suggestion="leave fewer out",
        )
    return kept
