"""Starting up: quick, and without what is not needed yet."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

MODELS = ("sklearn", "pymatgen", "plotly", "joblib", "diffpy", "distributed", "scipy.stats", "scipy.signal")
CURVES = (*MODELS, "scipy.interpolate", "scipy.optimize", "pandas", "xarray", "zarr", "dask")
HEAVY = (*CURVES, "numpy", "scipy")

LOADED = f"""
import json, sys
try:
    {{code}}
except SystemExit:
    pass
print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), file=sys.stderr)
"""


def heavy_modules(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(code=code)], capture_output=True, text=True, check=True
    )
    found: list[str] = json.loads(done.stderr.splitlines()[-1])
    return found


def test_help_and_import_load_nothing_heavy() -> None:
    assert heavy_modules("import edgepair; dir(edgepair); edgepair.__version__") == []
    for arguments in (["--help"], ["--version"], ["study", "--help"], ["data", "--help"]):
        code = f"sys.argv = ['edgepair', *{arguments}]; from edgepair.apps.cli import main; main()"
        assert heavy_modules(code) == [], arguments


def test_checks_before_an_answer_load_nothing_heavy() -> None:
    code = (
        "from pathlib import Path; from edgepair.apps.cli.options import check_outputs; "
        "check_outputs([], out=Path('rows.csv'), report=Path('page.html')); import edgepair.report"
    )
    assert heavy_modules(code) == []


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["inspect", "sample.dat"], CURVES),
        (["data", "standards", "Ni"], CURVES),
        (["data"], CURVES),
        (["data", "Ni", "--json"], CURVES),
        # what ships needs no forests: neither they nor scikit-learn, whose import is a second
        (
            ["advise", "--absorber", "Ni", "--task", "coordination_number", "--quiet"],
            tuple(name for name in MODELS if name != "pymatgen"),
        ),
        (
            ["build", "nickel.vasp", "--absorber", "Ni", "--out", "ni.zarr", "--dry-run"],
            ("sklearn", "plotly", "pandas", "xarray", "zarr", "distributed"),
        ),
    ],
)
def test_short_commands_load_no_more_than_they_need(
    arguments: list[str], unwanted: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"{7000 + k} {0.5 + (k >= 120) + 0.4 * (120 <= k < 130)}" for k in range(400)]
    Path("nickel.vasp").write_text("NiO\n1\n0 2.1 2.1\n2.1 0 2.1\n2.1 2.1 0\nNi O\n1 1\nd\n0 0 0\n.5 .5 .5\n")
    Path("sample.dat").write_text("# energy_eV mu\n" + "\n".join(lines) + "\n")
    loaded = heavy_modules(
        f"sys.argv = ['edgepair', *{arguments}]; from edgepair.apps.cli import main; main()"
    )
    assert "numpy" in loaded
    assert not set(loaded) & set(unwanted)


def test_the_list_of_heavy_modules_would_catch_one() -> None:
    assert "numpy" in heavy_modules("import edgepair; edgepair.from_arrays")


def cpu_seconds(*arguments: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_takes_under_half_a_second_of_computing_and_import_under_a_third() -> None:
    # The best of three: other processes on the machine only ever make it longer.
    assert min(cpu_seconds("-m", "edgepair", "--help") for _ in range(3)) < 0.5
    assert min(cpu_seconds("-c", "import edgepair") for _ in range(3)) < 0.3


def test_version_and_help_as_commands(command: Callable[..., Any]) -> None:
    assert command("--version").out == f"edgepair {version('edgepair')}\n"
    shown = command("--help")
    assert shown.code == 0
    assert "study" in shown.out
    assert "data" in shown.out
    assert "\x1b" not in shown.out


def test_the_installed_script_is_the_same_program() -> None:
    script = Path(sys.executable).with_name("edgepair")
    if not script.exists():
        pytest.skip("the package is not installed with its script")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("edgepair ")


def test_every_option_of_the_study_has_help(edgepair: Callable[..., Any]) -> None:
    shown = edgepair("study", "--help").out
    options = re.findall(r"^\s+(?:-\w, )?(--[a-z]+)", shown, flags=re.MULTILINE)
    wanted = {
        "--data", "--absorber", "--task", "--modality", "--learner", "--split", "--folds", "--repeats",
        "--trees", "--seed", "--jobs", "--scheduler", "--out", "--quick", "--tune", "--contributions",
        "--view", "--per", "--robustness", "--figures", "--protocol", "--json", "--quiet", "--strict",
        "--help",
    }  # fmt: skip
    assert set(options) == wanted


def test_no_command_at_all_shows_help(edgepair: Callable[..., Any]) -> None:
    done = edgepair()
    assert "Usage" in done.out + done.err
    assert "Traceback" not in done.err


def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    line = f"{sys.executable} -m edgepair data --absorber Mn --json | head -c 10; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_output_that_cannot_show_a_sign_does_not_fail(command: Callable[..., Any], saved: Path) -> None:
    done = command(
        "study", "--data", saved, "--quick", "--trees", "2", "--jobs", "1", "--modality", "xanes,pdf",
        "--task", "oxidation_state", PYTHONIOENCODING="ascii",
    )  # fmt: skip
    assert "Traceback" not in done.err
    assert done.code == 0
