"""Bundled examples, for visitors without a file at hand."""

from __future__ import annotations

import time
from math import isnan
from pathlib import Path
from tempfile import TemporaryDirectory


def example_files(absorber: str) -> list[tuple[str, bytes]]:
    """Write a bundled example: a measured standard and a simulated PDF of the same formula."""
    from edgepair.dataset import load_bundled
    from edgepair.measured.xanes.calibration import MARK
    from edgepair.standards import load_standards

    data = load_bundled(absorber)
    formulas = [str(formula) for formula in data["formula"].values]
    # The best measured one, if it can be of a formula that was simulated, and calibrated.
    standard = min(
        load_standards(absorber),
        key=lambda one: (one.formula not in formulas, one.quality, isnan(one.energy_shift), one.compound),
    )
    spectrum = [
        "# XDI/1.0 edgepair",
        f"# Element.symbol: {absorber}",
        "# Element.edge: K",
        "# Column.1: energy eV",
        "# Column.2: normtrans",
        f"# Sample.name: {standard.compound}",
        *([] if isnan(standard.energy_shift) else [f"# {MARK}: {standard.energy_shift:+.2f} eV"]),
        f"# Edgepair.source: {standard.source}",
        f"# Edgepair.licence: {standard.licence}",
        "# ---",
        *(f"{x:.3f} {y:.6f}" for x, y in zip(standard.energy, standard.mu, strict=True)),
    ]
    files = [(f"{standard.compound} {absorber} K (measured standard).xdi", spectrum)]
    if standard.formula in formulas:
        row = formulas.index(standard.formula)
        curve = [
            f"composition = {standard.formula}",
            "mode = xray",
            f"# simulated from {data['material_id'].values[row]} of the bundled data",
            "#### start data",
            *(f"{r:.3f} {g:.6f}" for r, g in zip(data["r"].values, data["G"].values[row], strict=True)),
        ]
        files.append((f"{standard.formula} (simulated).gr", curve))
    return [(name, "\n".join(lines).encode()) for name, lines in files]


def warm(absorber: str | None, after: float = 0.0) -> None:
    """Load what the first visitor would wait for, some seconds from now."""
    time.sleep(after)
    if absorber is None:
        import edgepair.prediction
        import edgepair.report.prediction.page  # noqa: F401

        return
    from edgepair.apps.web.work.reading import FileRequest, look
    from edgepair.measured.guarded import reader_process

    reader_process().start()
    name, content = example_files(absorber)[0]
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        look(FileRequest(path, name), None, True)
