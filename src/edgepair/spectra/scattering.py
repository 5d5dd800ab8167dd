"""How strongly elements scatter, as PDFs weight them."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING

from edgepair.conventions import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def scattering_power(element: str, radiation: str) -> float:
    """Atomic number for x-rays, coherent scattering length in fm for neutrons; PDFfit2's values."""
    import diffpy.pdffit2

    diffpy.pdffit2.redirect_stdout(io.StringIO())
    try:
        return float(diffpy.pdffit2.PdfFit().get_scat("N" if radiation == "neutron" else "X", element))
    except (ValueError, RuntimeError) as error:
        raise DataError(
            f"cannot weight the peaks of {element}",
            found=f"no scattering power of {element!r} for {radiation}s",
            needed="an element that PDFfit2 knows",
            suggestion="check the composition",
        ) from error


def pair_weight(composition: Mapping[str, float], first: str, second: str, radiation: str) -> float:
    r"""Area in R(r) that each ``second`` atom about a ``first`` one has.

    .. math:: w = 2\,c_1 b_1 b_2 / \langle b \rangle^2
    """
    total = sum(composition.values())
    power = {element: scattering_power(element, radiation) for element in {*composition, first, second}}
    mean = sum(amount / total * power[element] for element, amount in composition.items())
    return 2 * composition[first] / total * power[first] * power[second] / mean**2
