"""Build the wheel, install it alone into an empty environment, and run a quick study with it.

usage: python scripts/try_wheel.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LARGEST_MB = 50
MOST_INSTALLED_MB = 900
NOT_OURS = ("pip", "setuptools", "pkg_resources")
"""What an empty environment has."""

# a = 4.1771 Å: Wyckoff, Crystal Structures 1 (1963)
NIO = """NiO
1.0
4.1771 0 0
0 4.1771 0
0 0 4.1771
Ni O
4 4
Direct
0 0 0
0 0.5 0.5
0.5 0 0.5
0.5 0.5 0
0.5 0.5 0.5
0.5 0 0
0 0.5 0
0 0 0.5
"""


def main() -> None:
    """Run the command."""
    with tempfile.TemporaryDirectory(prefix="edgepair-wheel-") as name:
        folder = Path(name)
        build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(ROOT / "dist"), str(ROOT)]
        subprocess.run([sys.executable, *build], check=True, stdout=subprocess.DEVNULL)
        wheel = max((ROOT / "dist").glob("*.whl"), key=lambda path: path.stat().st_mtime)
        members = zipfile.ZipFile(wheel).namelist()
        for needed in ("edgepair/py.typed", "edgepair/dataset/bundled/Fe.zarr.zip"):
            if needed not in members:
                sys.exit(f"the wheel lacks {needed}")
        size = wheel.stat().st_size / 1e6
        if size > LARGEST_MB:
            sys.exit(f"the wheel has {size:.0f} MB, more than {LARGEST_MB}")
        subprocess.run([sys.executable, "-m", "venv", str(folder / "env")], check=True)
        python = folder / "env" / "bin" / "python"
        # Only the pins of the lock, so that the day's newest releases do not decide the test.
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary"]
        lock = ["--constraint", str(ROOT / "requirements.lock")]
        subprocess.run([str(python), *pip, *lock, str(wheel)], check=True)
        (site,) = (folder / "env" / "lib").glob("python*/site-packages")
        files = [path for path in site.rglob("*") if path.is_file()]
        ours = [path for path in files if not path.relative_to(site).parts[0].startswith(NOT_OURS)]
        installed = sum(path.stat().st_size for path in ours) / 1e6
        if installed > MOST_INSTALLED_MB:
            sys.exit(f"installed alone it takes {installed:.0f} MB, more than {MOST_INSTALLED_MB}")
        command = [str(folder / "env" / "bin" / "edgepair"), "study", "--quick", "--absorber", "Fe,Mn"]
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        environment["XDG_CACHE_HOME"] = str(folder / "cache")
        subprocess.run(command, check=True, cwd=folder, env=environment)
        if not (folder / "edgepair-study" / "report.html").is_file():
            sys.exit("the installed wheel wrote no report")
        # Two settings of one crystal: reading, labels, PDFs, FEFF10 and the search for duplicates.
        (folder / "a.vasp").write_text(NIO)
        (folder / "b.vasp").write_text(NIO.replace("4.1771", "-4.1771"))
        cards = [f"--card={card}" for card in ("SCF=3 0 8 .2 3", "FMS=4.2 0", "XANES=3 .07 .3")]
        build = ["build", str(folder / "?.vasp"), "--absorber", "Ni", "--out", str(folder / "ni.zarr")]
        subprocess.run([command[0], *build, *cards], check=True, cwd=folder, env=environment)
        print(f"{wheel.name}: {size:.1f} MB, installs alone with {installed:.0f} MB and runs")


if __name__ == "__main__":
    main()
