"""Make the library of measured standards from files whose licence allows it.

usage: python scripts/make_standards.py SHARED_DATA

Reads ``experiment/xanes_index.csv`` there: what has a known value becomes a standard, normalised and
calibrated by the index's shift where it has one, with its grade: C is doubtful. What is left out is
printed with the reason.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
from pathlib import Path

from pymatgen.core import Composition

from edgepair.conventions import EdgepairError
from edgepair.measured import read_xanes
from edgepair.standards.standards import standard_from_scan, standard_record

TARGET = Path(__file__).resolve().parents[1] / "src/edgepair/dataset/bundled/standards.jsonl.gz"
FREE = (
    "public domain", "public-domain", "NIST public data", "CC BY 4.0", "MIT", "BSD", "Modified BSD",
    "Apache-2.0", "Artistic", "ifeffit COPYING (permissive MIT-like)",
)  # fmt: skip


KNOWN = ("oxidation_state", "coordination_number", "mean_bond_length_A")

UNNAMED = {
    "APS9BM_2019.dat": "ln($5/$6)",
    "APS20BM_2001.dat": "ln($3/$4)",
    "mn3o4.201": "ln($2/$3)",
    "mn3o4.202": "ln($2/$3)",
}
"""Files whose columns the index does not define either: I0 and I1 by what stands in their headers."""


def number(text: str) -> float:
    """Read a number; an empty field is NaN."""
    return float(text) if text.strip() else float("nan")


def reduced(compound: str) -> str:
    """Reduce a formula; nothing where the compound's name is none."""
    plain = re.sub(r"\(nominal\)|alpha-|gamma-|\"", "", compound).strip()
    try:
        return Composition(plain).reduced_formula if re.fullmatch(r"[A-Za-z0-9()]+", plain) else ""
    except (ValueError, KeyError):
        return ""


def expression(definition: str, name: str = "") -> str | None:
    """Give what must be told of mu, for files that do not name their columns."""
    if definition.startswith("-ln(c"):
        return definition
    if definition == "ln(C1/C2)":
        return "ln($6/$7)"
    if definition.startswith("-ln(itrans/i0), cols 6,5"):
        return "-ln($6/$5)"
    if definition == "FY_c/Io":
        return "$5/$2"
    if definition.startswith("ln(I0_eh2/I1_eh2)"):
        return "ln($2/$3)"
    return UNNAMED.get(name)


def main() -> None:
    """Write the library."""
    root = Path(sys.argv[1]) / "experiment"
    with (root / "xanes_index.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    kept = []
    for row in rows:
        where = f"{row['file']} {row['item']}".strip()
        known = [row[name].strip() for name in KNOWN]
        if row["duplicate_of"].strip() or not any(known) or "doubtful" in row["compound_id"]:
            twin = row["duplicate_of"] or "no"
            print(f"left out: {where}: duplicate {twin}, known {' '.join(known) or 'none'}")
            continue
        if not row["licence"].startswith(FREE):
            print(f"left out: {where}: licence {row['licence']}")
            continue
        shift = number(row["suggested_energy_shift_eV"])
        try:
            scan = read_xanes(
                root / row["file"],
                item=row["item"] or None,
                mu=expression(row["mu_definition"], row["file"].rpartition("__")[2]),
                absorber=row["element"],
            )[0]
            made = standard_from_scan(
                scan,
                compound=row["compound_id"].split(":", 1)[1],
                oxidation_state=number(row["oxidation_state"]),
                coordination_number=number(row["coordination_number"]),
                bond_length=number(row["mean_bond_length_A"]),
                shift=None if shift != shift else shift,
                beamline=row["beamline"],
                sample=row["sample_id"],
                quality=row["quality"],
                source=row["source"],
                licence=row["licence"],
                formula=reduced(row["compound"]),
            )
        except EdgepairError as error:
            print(f"left out: {where}: {error.problem}; {error.found}")
            continue
        kept.append(made)
    kept.sort(key=lambda item: (item.absorber, item.compound, item.name))
    text = "".join(json.dumps(standard_record(item)) + "\n" for item in kept)
    beside = TARGET.with_suffix(".partial")
    with beside.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed:
        packed.write(text.encode())
    beside.rename(TARGET)
    print(
        f"{len(kept)} standards of {len({(s.absorber, s.compound) for s in kept})} compounds, "
        f"{TARGET.stat().st_size / 1e6:.2f} MB"
    )


if __name__ == "__main__":
    main()
