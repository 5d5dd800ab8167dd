"""Properties of reading PDFs: damaged files give a curve or an error in four parts, nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepair.conventions import EdgepairError
from edgepair.measured import inspect_pdf, match_instrument, prepare_pdf, read_pdf

R = np.arange(0, 400) * 0.02
G = (np.sin(6 * R) - 0.4 * np.sin(17 * R)) * np.exp(-0.1 * R) - 1.1 * R * np.exp(-((R / 1.5) ** 6))
ROWS = "".join(f"{r:.2f} {g:.5f} 0.0 0.01\n" for r, g in zip(R, G, strict=True))
HEADERS = (
    "[DEFAULT]\nmode = xray\ncomposition = BaTiO3\nqmax = 20\n#### start data\n#S 1\n#L r(A) G(A^-2) dr dG\n",
    "  1  2.0 3.0 4.0\n## Damp     Qmin=0.85     Qmax=35\n#S 1 - PDF from PDFgetN\n#L r G(r) dr dG(r)\n",
    "   400\n rmc G(r)\n",
    "r,G,dr,dG\n",
)
SOURCES = tuple((header + ROWS).encode() for header in HEADERS)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file with bytes replaced, removed, doubled or put in."""
    data = bytearray(draw(st.sampled_from(SOURCES)))
    for _ in range(draw(st.integers(1, 6))):
        # Often within the header, which is a hundredth of the file.
        at = draw(st.one_of(st.integers(0, 200), st.integers(0, max(len(data) - 1, 0))))
        length = draw(st.integers(0, 40))
        kind = draw(st.sampled_from(("replace", "remove", "double", "insert")))
        piece = bytes(data[at : at + length])
        if kind == "replace":
            data[at : at + length] = draw(st.binary(min_size=length, max_size=length))
        elif kind == "remove":
            del data[at : at + length * draw(st.sampled_from((1, 100)))]
        elif kind == "double":
            data[at:at] = piece
        else:
            words = (
                b"nan",
                b"-",
                b",",
                b"1e999",
                b"#L Q S(Q)\n",
                b"\x00",
                b"\xff",
                b"mode = neutron\n",
                b"\n",
            )
            data[at:at] = draw(st.sampled_from(words))
    return bytes(data)


@settings(max_examples=200, deadline=10_000)
@given(damaged(), st.sampled_from(("a.gr", "a.fgr", "a.csv")))
def test_damaged_files_give_a_curve_or_an_error(data: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            for curve in read_pdf(path):
                assert np.isfinite(curve.r).all()
                assert np.isfinite(curve.G).all()
                assert (np.diff(curve.r) > 0).all()
                instrument = match_instrument(inspect_pdf(curve))
                assert np.isfinite(prepare_pdf(curve, instrument)).all()
            return
        except EdgepairError as error:
            refusal = error
    assert all((refusal.problem, refusal.found, refusal.needed, refusal.suggestion))


@settings(max_examples=20, deadline=10_000)
@given(st.floats(1e-3, 1e3))
def test_scale_of_G_changes_nothing_but_the_scale(factor: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gr"
        path.write_text("".join(f"{r:.2f} {factor * g:.9g}\n" for r, g in zip(R, G, strict=True)))
        (curve,) = read_pdf(path)
    seen = inspect_pdf(curve)
    assert match_instrument(seen) == match_instrument(curve)
    np.testing.assert_allclose(curve.G / factor, G, rtol=1e-6, atol=1e-6)
