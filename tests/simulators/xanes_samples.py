"""Spectra made up for tests of readers, and files of every format that hold them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def energies(edge: float = 7112.0, before: float = 80.0, after: float = 240.0, step: float = 0.8) -> Floats:
    """Make the energies of a scan, eV, with the two digits that files have."""
    return np.round(np.arange(edge - before, edge + after, step), 2)


def absorption(energy: Floats, edge: float = 7112.0, height: float = 1.3, chemical: float = 9.0) -> Floats:
    """Make an absorption: a step with a white line and waves behind it, on a falling background."""
    x = energy - edge - chemical
    wave = np.where(x > 5, 0.05 * np.sin(x / 11) * np.exp(-x / 150), 0.0)
    line = 0.5 * np.exp(-0.5 * ((x - 6) / 3.0) ** 2)
    return height * (0.5 + np.arctan(x / 1.5) / np.pi + line + wave) + 0.4 - 0.0004 * x


def intensities(mu: Floats) -> tuple[Floats, Floats, Floats]:
    """Make intensities before the sample, behind it, and behind a foil with its edge 9 eV lower."""
    n = np.arange(len(mu))
    i0 = 250_000.0 - 20.0 * n + 3000.0 * np.sin(n / 9)
    itrans = i0 * np.exp(-mu)
    foil = np.interp(n + 11, n, mu)
    return np.round(i0, 1), np.round(itrans, 3), np.round(itrans * np.exp(-foil), 3)


def rows(*columns: Floats, mark: str = "  ", digits: str = ".8g") -> str:
    """Write columns as text."""
    return "\n".join(mark.join(format(v, digits) for v in row) for row in zip(*columns, strict=True)) + "\n"


def xdi(edge: float = 7112.0, symbol: str = "Fe") -> str:
    """Make an XDI file of intensities with a foil."""
    x = energies(edge)
    i0, it, ir = intensities(absorption(x, edge))
    return (
        f"# XDI/1.0 made/1\n# Element.symbol: {symbol}\n# Element.edge: K\n# Element.reference: {symbol}\n"
        "# Mono.d_spacing: 3.13553\n# Column.1: energy eV\n# Column.2: i0\n# Column.3: itrans\n"
        "# Column.4: irefer\n# ///\n# a comment with four words\n#-----\n# energy i0 itrans irefer\n"
        + rows(x, i0, it, ir)
    )


def spec() -> str:
    """Make a SPEC file: two scans of the energy in keV, one of a motor, one number twice."""
    x = energies()
    i0, it, _ = intensities(absorption(x))
    scan = (
        "#D Mon Jan 01 10:00:00 2024\n#N 4\n#L Energy  Seconds  I0  I1\n"
        + rows(x / 1000, np.ones_like(x), i0, it)
        + "\n"
    )
    motor = "#L samx  Seconds  I0  I1\n" + rows(np.linspace(-1, 1, 21), *np.ones((3, 21))) + "\n"
    return (
        "#F made.spec\n#E 1700000000\n\n#S 1 zapline energy 7.0 7.3 400 1\n"
        + scan
        + "#S 2 ascan samx -1 1 20 1\n"
        + motor
        + "#S 2 zapline energy 7.0 7.3 400 1\n"
        + scan
    )


def photon_factory(spacing: float = 3.13551) -> str:
    """Make a 9809 file after the layout that the beamlines of KEK-PF publish."""
    x = energies()
    angle = np.degrees(np.arcsin(12398.419843320026 / (2 * spacing * x)))
    i0, it, _ = intensities(absorption(x))
    head = (
        "  9809     KEK-PF   BL12C\n Fe2O3.001  24.01.01 10:00 - 24.01.01 10:20\n hematite, BN pellet\n"
        f" Ring :   2.5 GeV   450.0 mA -  449.0 mA\n Mono :   SI(111)       D=  {spacing:.5f} A"
        "    Initial angle= 16.1000 deg\n BL12C     Transmission( 2)   Repetition=  1     Points=  400\n"
        " Param file : made         energy axis(2)     Block =    1\n\n"
        " Block      Init-Eng  final-Eng      Step/eV     Time/s       Num\n"
        "     1        7032.00   7352.00          .80       1.00       400\n"
        " Ortec(-1)     NDCH = 3\n  Angle(c)  Angle(o)    time/s         2         3\n"
        "      Mode         0         0         1         2\n"
        "    Offset         0         0     10.000     12.000\n"
    )
    return head + rows(angle + 0.001, angle, np.ones_like(angle), i0 + 10, it + 12, digits=".9g")


def ssrl() -> str:
    """Make a text file of SSRL's data collector: labels below each other."""
    x = energies()
    i0, it, ir = intensities(absorption(x))
    return (
        f"SSRL   EXAFS Data Collector 1.3\nMon Jan 1 10:00:00 2024\nPTS:        {len(x)} COLS:          6\n"
        "made.DET\nmade.RGN\nhematite\n\nWeights: \n 1.000  1.000  1.000  1.000  1.000  1.000 \nOffsets: \n"
        " 0.000  0.000  0.000  1.2  1.3  2.3 \nData: \n"
        "Real time clock   \nRequested Energy  \nAchieved Energy\n"
        "I0\nI1\nI2\n\n" + rows(np.ones_like(x), x + 0.3, x, i0, it, ir)
    )


def fio() -> str:
    """Make a FIO file as DESY's older program wrote them."""
    x = energies(8979.0)
    mu = absorption(x, 8979.0)
    i0, it, ir = intensities(mu)
    names = ["", "", "_TIME", "_REF", "_C1", "_C2", "_C3"]
    columns = "\n".join(f" Col {n} CUO_0001{name}  FLOAT " for n, name in enumerate(names, 1))
    return (
        "! \n! Comment \n%c \n EXAFS-Scan\n! \n! Data \n%d \n"
        + columns
        + "\n"
        + rows(x, np.log(i0 / it), np.ones_like(x), np.log(it / ir), i0, it, ir, digits=".7g")
    )


def athena(flavour: str = "perl") -> str:
    """Make an Athena project: a sample 2 eV off, its foil, a chi(k), a normalised one."""
    import json

    x = energies()
    groups = {
        "abcde": (
            {"label": "iron's oxide", "bkg_eshift": "-2.0", "reference": "fghij"},
            x + 2,
            absorption(x),
        ),
        "fghij": ({"label": "Ref iron's oxide", "bkg_eshift": "0"}, x, absorption(x, chemical=0)),
        "klmno": ({"label": "chi", "is_chi": "1"}, np.arange(0, 12, 0.05), np.sin(np.arange(0, 12, 0.05))),
        "pqrst": ({"label": "norm", "is_nor": "1"}, x, absorption(x)),
    }
    if flavour == "json":
        content: dict[str, object] = {"_____header1": "# Athena project file -- Demeter version 0.9.24"}
        for key, (args, u, v) in groups.items():
            content[key] = {"args": {"bkg_z": "Fe", "fft_edge": "K", **args}, "x": list(u), "y": list(v)}
        return json.dumps(content)
    text = "# Athena project file -- Demeter version 0.9.26\n# made for a test\n\n"
    for key, (args, u, v) in groups.items():
        words = {"bkg_z": "Fe", "fft_edge": "k", **args}
        listed = ",".join(f"'{k}','" + w.replace("'", "\\'") + "'" for k, w in words.items())
        text += f"$old_group = '{key}';\n"
        text += f"@args = ({listed},'titles',['one, (two)','x' => \"y\"],'npts',{len(u)});\n"
        for name, values in (("x", u), ("y", v)):
            text += f"@{name} = (" + ",".join(f"'{value:.8g}'" for value in values) + ");\n"
        text += "[record]   # \n\n"
    return text + "@journal = ('a note');\n\n1;\n"


def table_of_rows() -> str:
    """Make a CSV table with lists in its cells."""
    text = "id,element,formula,energy,spectrum\n"
    for name, edge, symbol in (("a", 7112.0, "Fe"), ("b", 6539.0, "Mn")):
        x = energies(edge)
        y = absorption(x, edge)
        text += f'{name},{symbol},X2O3,"{tuple(map(float, x))}","{[round(float(v), 6) for v in y]}"\n'
    return text


SAMPLES = {
    "xdi": xdi,
    "spec": spec,
    "9809": photon_factory,
    "ssrl": ssrl,
    "fio": fio,
    "athena": athena,
    "athena json": lambda: athena("json"),
    "rows": table_of_rows,
}
"""Files of every format but HDF5, by name."""
