"""A series of scans, answered at once: here two measured standards in growing parts of one another."""

import numpy as np

import edgepair
from edgepair.measured import XanesScan
from edgepair.standards import load_standards


def main() -> None:
    """Mix two spectra of iron, predict the series, and print its oxidation states."""
    standards = {one.compound: one for one in load_standards("Fe") if one.oxidation_state in (2, 3)}
    second, third = (next(s for s in standards.values() if s.oxidation_state == state) for state in (2, 3))
    first, last = max(second.energy[0], third.energy[0]), min(second.energy[-1], third.energy[-1])
    energy = np.arange(first, last, 0.25)
    low, high = (np.interp(energy, one.energy, one.mu) for one in (second, third))
    scans = [
        XanesScan(f"{part:.0%}.xdi", "", "made", energy, low + part * (high - low), "mixed", "eV", "Fe", "K")
        for part in (0.0, 0.5, 1.0)
    ]
    series = edgepair.predict(scans, shift=0.0, explain=False)
    table = series.table.query("task == 'oxidation_state'")
    print(table[["sample", "value", "lower", "upper"]].to_string(index=False))
    series.plot("series").write_html("series.html", include_plotlyjs="directory")


if __name__ == "__main__":
    main()
