"""Run every script of docs/gallery as a reader would, each in an empty folder, and gather their pictures.

    python scripts/run_gallery.py

renews the pictures that are committed; look at them. mkdocs runs this file too (``hooks`` in mkdocs.yml), and
shows the pictures of that run; EDGEPAIR_GALLERY=kept spares it the minute and shows the committed ones.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
GALLERY = ROOT / "docs" / "gallery"


def run(script: Path, scratch: Path) -> tuple[str, bytes]:
    """Run one script; give the name of its picture and the picture. Warnings are errors."""
    folder = scratch / script.stem
    folder.mkdir()
    here = {"XDG_CACHE_HOME": str(scratch / "cache"), "MATPLOTLIBRC": str(GALLERY / "matplotlibrc")}
    here["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-W", "error", script], cwd=folder, env=os.environ | here, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    picture = folder / f"{script.stem}.png"
    if done.returncode or not done.stdout.strip() or not picture.is_file():
        raise RuntimeError(f"{script.name} failed, printed nothing or drew no {picture.name}:\n{done.stderr}")
    return picture.name, picture.read_bytes()


def run_all() -> Iterator[tuple[str, bytes]]:
    """Run all, two at a time; they share a cache that is thrown away."""
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(2) as pool:
        scripts = sorted(GALLERY.glob("*.py"))
        yield from pool.map(run, scripts, [Path(scratch)] * len(scripts))


def on_files(files: Any, config: Any) -> Any:
    """Show fresh pictures on the site."""
    from mkdocs.structure.files import File

    for name, picture in run_all() if os.environ.get("EDGEPAIR_GALLERY") != "kept" else ():
        uri = f"gallery/pictures/{name}"
        if old := files.get_file_from_path(uri):
            files.remove(old)
        files.append(File.generated(config, uri, content=picture))
    return files


def main() -> None:
    """Renew the pictures that are committed."""
    for name, picture in run_all():
        (GALLERY / "pictures" / name).write_bytes(picture)
        print(name, flush=True)


if __name__ == "__main__":
    main()
