"""Compute what ``edgepair advise`` rests on for the bundled datasets, as far as it is not up to date.

usage: python scripts/make_advice.py [--absorber Fe Mn ...] [--jobs 2]

Some minutes to a quarter of an hour per absorber on two cores. Finished fits are kept in the user's cache
folder: a run that was interrupted goes on from there.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time

from edgepair.advice.evidence import compute_evidence, evidence_bytes, shipped_about, shipped_path
from edgepair.advice.run import check_options
from edgepair.conventions import BUNDLED_ABSORBERS, TASKS
from edgepair.dataset import drop_gated, load_bundled
from edgepair.study.fits import Runner
from edgepair.study.plan import plan_study


def main() -> None:
    """Make what is missing or of another bundle, settings or version."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--absorber", nargs="+", default=list(BUNDLED_ABSORBERS), choices=BUNDLED_ABSORBERS)
    parser.add_argument("--jobs", type=int, default=None)
    asked = parser.parse_args()
    for absorber in asked.absorber:
        started = time.monotonic()
        path = shipped_path(absorber)
        # of a sample with a spectrum and a PDF: both together, and with the dPDF
        options = {
            task: check_options(
                task, techniques=None, smallest_gain=0.02, tolerance=None, n_jobs=asked.jobs, split="formula",
                folds=5, repeats=None, trees=100, seed=0,
            ).beside(["xanes", "pdf"]).study
            for task in TASKS
        }  # fmt: skip
        about = shipped_about(absorber, next(iter(options.values())))
        if path.is_file() and json.loads(gzip.decompress(path.read_bytes()))["about"] == about:
            print(f"{absorber}: up to date")
            continue
        data = drop_gated(load_bundled(absorber))
        found = {}
        for task, config in options.items():
            plan = plan_study([data], config, "advise")
            runner = Runner(n_jobs=asked.jobs, scheduler=None, cache=True, on_progress=None)
            found[task] = compute_evidence(
                plan.cells[0], plan.modalities[absorber], config, runner, requirements=True
            )
            print(f"{absorber} {task}: {time.monotonic() - started:.0f} s", flush=True)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(evidence_bytes(about, found))
        print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
