"""The builder against named baselines, all in one run.

usage: python benchmarks/build.py [SHARED_DATA] [--only PART ...]

Parts: ``feff`` fresh runs of the preset fast beside stored ones of the preset reference;
``workers`` two processes against one; ``overhead`` the engine against a plain loop; ``tasks`` many
trivial tasks; ``labels`` and ``pdf`` against pymatgen and PDFfit2 called by hand.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import operator
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edgepair.builder import ResultStore
from edgepair.builder.stages import Material, Site, Stages
from edgepair.builder.work import simulate
from edgepair.engine import Call, open_processes
from edgepair.labels import label_sites
from edgepair.simulation import Feff10, simulate_pdf
from edgepair.structures import SourceMaterial, find_absorber_sites, prepare_structure, read_structure_table

ROOT = Path(__file__).resolve().parents[1]
QUICK_CARDS = {"SCF": "3.0 0 8 0.2 3", "FMS": "4.2 0", "XANES": "3 0.07 0.3"}
"""FEFF10 in some seconds a site, for what is about the engine and not about FEFF."""
STRUCTURES = 40
TASKS = 20_000


def say(name: str, value: str, goal: str = "") -> None:
    """Print one line of the table."""
    print(f"{name:<58} {value:>22}   {goal}", flush=True)


def bench_feff(data: Path) -> None:
    """Fresh fast runs beside stored reference runs, and both beside FEFF 9.9.1."""
    from reference_runs import REFERENCE, STORE, candidates

    store = ResultStore(STORE)
    ratios, agreement, rows = [], [], 0
    against_mp: dict[str, list[float]] = {"fast": [], "reference": []}
    for item in candidates(data):
        record = store.get(item.key(REFERENCE))
        if record is None or not record["ok"]:
            continue
        rows += 1
        reference = record["value"]
        fast = Feff10("fast").simulate(item.structure, item.index)
        ratio = record["cpu_seconds"] / fast.cpu_seconds
        ratios.append(ratio)
        agreement.append(best_r2(reference["x"], reference["y"], fast.x, fast.y))
        against_mp["reference"].append(best_r2(item.energy, item.mu, reference["x"], reference["y"]))
        against_mp["fast"].append(best_r2(item.energy, item.mu, fast.x, fast.y))
        details = reference["details"]
        say(
            f"  {item.material_id} site {item.site}: reference {record['cpu_seconds']:.0f} s "
            f"({details['atoms']['fms']} atoms)",
            f"fast {fast.cpu_seconds:.1f} s, {ratio:.0f}x",
            f"R² {agreement[-1]:.4f}; FEFF9: {against_mp['reference'][-1]:.4f}, {against_mp['fast'][-1]:.4f}",
        )
        say("", "", f"  allocator {details['allocator']}; {details['machine']}")
    if not rows:
        say("fast against reference", "no reference runs stored", "python benchmarks/reference_runs.py")
        return
    say(f"reference / fast CPU time, median of {rows} sites", f"{np.median(ratios):.1f}", "goal 20")
    say(f"R² of fast against reference, median of {rows}", f"{np.median(agreement):.4f}", "goal 0.98")
    for name, goal in (("reference", "goal 0.999"), ("fast", "")):
        values = against_mp[name]
        say(
            f"R² of {name} against FEFF 9.9.1, median (lowest)",
            f"{np.median(values):.4f} ({min(values):.4f})",
            goal,
        )


def best_r2(x: Any, y: Any, other_x: Any, other_y: Any) -> float:
    """Compute R² of a second spectrum against a first, after the constant shift that suits best."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    other_x, other_y = np.asarray(other_x, float), np.asarray(other_y, float)
    best = -np.inf
    for shift in np.arange(-8.0, 8.01, 0.05):
        moved = other_x + shift
        first, last = max(x[0], moved[0]), min(x[-1], moved[-1])
        grid = np.arange(first, last, 0.25)
        if len(grid) < 100:
            continue
        a, b = np.interp(grid, x, y), np.interp(grid, moved, other_y)
        best = max(best, 1 - float(((a - b) ** 2).sum() / ((a - a.mean()) ** 2).sum()))
    return best


def bench_workers(data: Path) -> None:
    """One process, two processes, and a plain loop, on the same real FEFF10 runs."""
    simulator = Feff10(cards=QUICK_CARDS)
    sources = list(itertools.islice(read_structure_table(data / "feff10" / "targets_Mn_Fe.json.gz"), 60))
    sources = [source for source in sources if source.row["metal"] == "Fe"]
    times = {}
    with tempfile.TemporaryDirectory() as folder:
        pairs, store = prepared_pairs(sources, Path(folder) / "prepared")
        pairs = pairs[:24]
        started = time.perf_counter()
        for material, site in pairs:
            simulate(material.packed(store), site.primitive, simulator)
        times["loop"] = time.perf_counter() - started
        for workers in (1, 2):
            started = time.perf_counter()
            results = ResultStore(Path(folder) / f"w{workers}")
            for key in {material.structure_key for material, _ in pairs}:
                record = store.get(key)
                assert record is not None
                results.put("structure", key, record)
            with Stages("Fe", results, workers=workers) as stages:
                stages.simulate(pairs, simulator, only_known=False)
            times[str(workers)] = time.perf_counter() - started
    say(f"{len(pairs)} FEFF10 runs, plain loop", f"{times['loop']:.1f} s")
    say("the same through the engine, one process (start included)", f"{times['1']:.1f} s")
    say("engine overhead", f"{100 * (times['1'] / times['loop'] - 1):.1f} %", "goal < 5 %")
    say("two processes against one", f"{times['1'] / times['2']:.2f}", "goal 1.8")


def prepared_pairs(
    sources: list[SourceMaterial], folder: Path
) -> tuple[list[tuple[Material, Site]], ResultStore]:
    """Prepare structures and list their sites."""
    store = ResultStore(folder)
    with Stages("Fe", store, workers=2) as stages:
        materials, _ = stages.prepare(sources, {"max_sites": 40, "max_elements": 5})
    return [(material, site) for material in materials for site in material.sites], store


def bench_tasks() -> None:
    """Many trivial tasks, in a process of their own whose memory is measured."""
    for number in (TASKS, 5 * TASKS):
        done = subprocess.run(
            [sys.executable, __file__, "--trivial", str(number)], capture_output=True, text=True, check=True
        )
        report = json.loads(done.stdout)
        say(
            f"{number} trivial tasks: largest memory of the parent",
            f"{report['bytes'] / 1e6:.0f} MB, {report['seconds']:.0f} s",
            "goal < 1 GB" if number == TASKS else "",
        )


def trivial(number: int) -> None:
    """Carry out trivial tasks and report."""
    started = time.perf_counter()
    with open_processes(workers=2) as processes:
        total = sum(
            o.value or 0 for o in processes.run(operator.neg, (Call(f"t{n}", (n,)) for n in range(number)))
        )
    assert total == -number * (number - 1) // 2
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"bytes": usage, "seconds": time.perf_counter() - started}))


def cpu(function: Callable[..., object], data: Path) -> float:
    """Measure the CPU time of one call per structure, the best of four rounds.

    Structures are read anew each round: pymatgen keeps what it has worked out with them.
    """
    rounds = []
    for _ in range(4):
        items = structures(data)
        started = time.process_time()
        for item in items:
            function(*item)
        rounds.append(time.process_time() - started)
    return min(rounds)


def structures(data: Path) -> list[tuple[Any, str]]:
    """Read some structures."""
    table = read_structure_table(data / "feff10" / "targets_Mn_Fe.json.gz")
    return [(m.structure(), m.row["metal"]) for m in itertools.islice(table, STRUCTURES)]


def bench_labels(data: Path) -> None:
    """Our labels against pymatgen's classes called one by one."""
    from pymatgen.core.bond_valence import BVAnalyzer
    from pymatgen.core.local_env import CrystalNN, LocalStructOrderParams

    near, orders = CrystalNN(), LocalStructOrderParams(["oct", "tet"])

    def three(structure: Any, absorber: str) -> list[Any]:
        found = []
        with contextlib.suppress(ValueError):
            BVAnalyzer().get_valences(structure)
        for site in find_absorber_sites(structure, absorber):
            found.append((site.index, near.get_nn_info(structure, site.index)))
        return found

    def everything(structure: Any, absorber: str) -> None:
        for index, neighbours in three(structure, absorber):
            [n for n in structure.get_neighbors(structure[index], 8.0) if n.specie.is_metal]
            cluster = structure.from_sites([structure[index], *(item["site"] for item in neighbours)])
            orders.get_order_parameters(cluster, 0, indices_neighs=list(range(1, len(cluster))))

    def ours(structure: Any, absorber: str) -> None:
        prepared = prepare_structure(structure, absorber)
        label_sites(prepared.structure, prepared.primitive_index)

    mine, by_hand, fewer = cpu(ours, data), cpu(everything, data), cpu(three, data)
    say(f"labels of {STRUCTURES} structures: ours", f"{mine:.2f} s")
    say("the same labels by hand / ours", f"{by_hand / mine:.2f}", "goal 1")
    say("oxidation state and neighbours alone, by hand / all of ours", f"{fewer / mine:.2f}")


def bench_pdf(data: Path) -> None:
    """Our PDFs to 20 Å against PDFfit2 called once for each."""
    import diffpy.pdffit2

    from edgepair.simulation.pdf import _pdffit_text, ideal_r

    diffpy.pdffit2.redirect_stdout(io.StringIO())

    def by_hand(structure: Any, absorber: str, r: Any) -> None:
        for kind, species in (("X", None), ("N", None), ("X", absorber)):
            fit = diffpy.pdffit2.PdfFit()
            fit.read_struct_string(_pdffit_text(structure))
            fit.alloc(kind, 0.0, 0.0, float(r[0]), float(r[-1]), len(r))
            if species is not None:
                for symbol in {site.specie.symbol for site in structure}:
                    fit.selectAtomType(1, "i", symbol, symbol == species)
                    fit.selectAtomType(1, "j", symbol, True)
            fit.calc()
            np.array(fit.getpdf_fit())

    grids = {"our step, 0.04 Å": ideal_r(20.0), "a step of 0.01 Å": np.arange(1, 2001) * 0.01}
    mine = cpu(lambda s, a: simulate_pdf(s, (a,), r_last=20.0), data)
    say(f"PDFs of {STRUCTURES} structures to 20 Å: ours", f"{mine:.2f} s")
    for name, r in grids.items():
        hand = cpu(lambda s, a, r=r: by_hand(s, a, r), data)
        say(f"by hand, {name} / ours", f"{hand / mine:.2f}", "goal 1")


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description="The builder against named baselines.")
    default = Path(os.environ.get("EDGEPAIR_SHARED", ROOT.parent / "shared")) / "data"
    parser.add_argument("data", type=Path, nargs="?", default=default)
    parser.add_argument("--only", action="append")
    parser.add_argument("--trivial", type=int)
    options = parser.parse_args()
    if options.trivial:
        trivial(options.trivial)
        return
    parts: dict[str, Callable[[], None]] = {"tasks": bench_tasks}
    if options.data.is_dir():
        sys.path.insert(0, str(Path(__file__).parent))
        for name, part in (
            ("labels", bench_labels),
            ("pdf", bench_pdf),
            ("workers", bench_workers),
            ("feff", bench_feff),
        ):
            parts[name] = lambda part=part: part(options.data)  # type: ignore[misc]
    else:
        print(f"without {options.data} (crystal structures) there is nothing to label or simulate")
    warnings.simplefilter("ignore")
    for name, run in parts.items():
        if options.only is None or name in options.only:
            run()


if __name__ == "__main__":
    main()
