"""See the same iron oxides through a laboratory PDF instrument with a small Qmax."""

import numpy as np

import edgepair


def main() -> None:
    """Print how much of the first peak's height a smaller Qmax leaves."""
    beamline = edgepair.load_bundled("Fe")
    laboratory = edgepair.load_bundled("Fe", instrument=edgepair.PDFInstrument(qmax=12.0, qdamp=0.06))
    first_shell = (beamline["r"] > 1.7) & (beamline["r"] < 2.3)
    heights = [data["G"].where(first_shell, drop=True).max("r") for data in (beamline, laboratory)]
    print(f"median ratio of first-peak heights: {float(np.median(heights[1] / heights[0])):.2f}")


if __name__ == "__main__":
    main()
