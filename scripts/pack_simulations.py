"""Pack what the builder has simulated into the files of ``simulations/`` that are committed.

usage: python scripts/pack_simulations.py

``edgepair build --store simulations`` appends spectra to files of its own there
(``feff10-<random>.jsonl``). This merges them into ``<El>.jsonl.gz``, one per absorber (those of the
preset reference into ``<El>_reference.jsonl.gz``), and failures, which are not tried again, into
``failed.jsonl.gz``; and removes those that no running build still writes. Labels and PDFs, quick to
make anew, are not packed. The same results give the same bytes.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from pathlib import Path
from typing import Any

from edgepair.builder import ResultStore

FOLDER = Path(__file__).resolve().parents[1] / "simulations"
QUIET_SECONDS = 3600
"""A file that was written to since may belong to a build that still runs: it stays."""


def main() -> None:
    """Merge, and remove what is merged."""
    store = ResultStore(FOLDER)
    rows: dict[str, list[dict[str, Any]]] = {}
    for record in store.records("feff10"):
        preset = record["value"]["details"].get("preset", "fast")
        name = record["about"]["absorber"] + ("" if preset == "fast" else f"_{preset}")
        rows.setdefault(name, []).append(record)
    if failures := list(store.records("feff10", failed=True)):
        rows["failed"] = failures
    for name, records in sorted(rows.items()):
        records.sort(key=_order)
        text = "".join(json.dumps(r, separators=(",", ":"), ensure_ascii=False) + "\n" for r in records)
        path = FOLDER / f"{name}.jsonl.gz"
        beside = path.with_suffix(".part")
        beside.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
        beside.replace(path)
        print(f"{name}: {len(records)}")
    if store.damaged:
        print(f"{store.damaged} damaged lines were passed over", file=sys.stderr)
    for path in FOLDER.glob("feff10-*.jsonl"):
        if time.time() - path.stat().st_mtime > QUIET_SECONDS:
            path.unlink()


def _order(record: dict[str, Any]) -> tuple[Any, ...]:
    about = record["about"]
    return len(about["material_id"]), about["material_id"], about["site"], record["key"]


if __name__ == "__main__":
    main()
