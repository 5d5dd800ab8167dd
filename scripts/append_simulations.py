"""Add finished FEFF10 runs to the project's results, one file per absorber.

usage: python scripts/append_simulations.py RESULTS.jsonl

A site that is there already is kept as it is. The same results give the same bytes.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "simulations"


def read(path: Path) -> dict[tuple[str, int], dict[str, Any]]:
    """Read the results of one absorber by material and site."""
    if not path.exists():
        return {}
    with gzip.open(path, "rt") as lines:
        return {(row["mp_id"], row["site"]): row for row in map(json.loads, lines)}


def main(source: str) -> None:
    """Run the command."""
    fresh: dict[str, dict[tuple[str, int], dict[str, Any]]] = {}
    for line in Path(source).read_text().splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            print("skipped a line that is not complete", file=sys.stderr)
            continue
        if "mu" in row:
            fresh.setdefault(row["metal"], {})[row["mp_id"], row["site"]] = row
    FOLDER.mkdir(exist_ok=True)
    for absorber, rows in sorted(fresh.items()):
        path = FOLDER / f"{absorber}.jsonl.gz"
        known = read(path)
        merged = rows | known
        ordered = sorted(merged, key=lambda key: (len(key[0]), key[0], key[1]))
        text = "".join(json.dumps(merged[key], separators=(",", ":")) + "\n" for key in ordered)
        beside = path.with_suffix(".part")
        beside.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
        beside.replace(path)
        print(f"{absorber}: {len(merged)} sites, {len(merged) - len(known)} new")


if __name__ == "__main__":
    main(sys.argv[1])
