"""A cached array is what was kept, or it is absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgepair.files.caching import KeptArrays

ARRAYS = {"a": np.arange(5.0), "b": np.array(["x", "yz"])}


@pytest.fixture
def kept(tmp_path: Path) -> KeptArrays:
    found = KeptArrays(tmp_path / "cache")
    found.save("key", ARRAYS)
    return found


def test_what_was_kept_comes_back(kept: KeptArrays) -> None:
    loaded = kept.load("key")
    assert loaded is not None
    assert set(loaded) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(loaded[name], array)


def test_what_was_changed_or_renamed_is_absent(kept: KeptArrays) -> None:
    assert kept.folder is not None
    path = kept.folder / "key.npz"
    with np.load(path) as found:
        arrays = {name: found[name] for name in found.files}
    path.rename(kept.folder / "other.npz")
    assert kept.load("other") is None
    arrays["a"][2] += 1e-9
    np.savez(path, **arrays)
    assert kept.load("key") is None
    assert not path.exists()
    np.savez(path, a=ARRAYS["a"], b=ARRAYS["b"])
    assert kept.load("key") is None


def test_a_cache_that_others_can_write_to_is_not_trusted(kept: KeptArrays, tmp_path: Path) -> None:
    assert kept.folder is not None
    kept.folder.chmod(0o777)
    assert kept.load("key") is None
    kept.folder.chmod(0o700)
    assert kept.load("key") is not None
    (tmp_path / "link").symlink_to(kept.folder)
    assert KeptArrays(tmp_path / "link").load("key") is None


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    kept = KeptArrays.of_user("shap", use=True)
    kept.save("a", {"x": np.zeros(3)})
    assert kept.load("a") is None
