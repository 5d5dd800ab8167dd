"""Datasets as a user names them on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def open_datasets(
    paths: list[str] | None, absorbers: list[str] | None, *, ideal: bool = False
) -> list[xr.Dataset]:
    """Open what a study or an interpretation is asked of."""
    from edgepair.conventions import STUDY_ABSORBERS, OptionError
    from edgepair.dataset import load_bundled, open_dataset
    from edgepair.spectra import TYPICAL_INSTRUMENT

    instrument = None if ideal else TYPICAL_INSTRUMENT
    if paths is None:
        return [load_bundled(name, instrument=instrument) for name in absorbers or STUDY_ABSORBERS]
    datasets = [open_dataset(path, instrument=instrument) for path in paths]
    here = [str(dataset.attrs["absorber"]) for dataset in datasets]
    for name in absorbers or ():
        if name not in here:
            raise OptionError(
                f"cannot study {name}",
                found="datasets of " + ", ".join(here),
                needed=f"a dataset of {name}",
                suggestion="leave --absorber out, or name its file with --data",
            )
    return [
        dataset
        for dataset, name in zip(datasets, here, strict=True)
        if absorbers is None or name in absorbers
    ]
