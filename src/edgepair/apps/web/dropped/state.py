"""What a visitor has decided about the files of a page."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from edgepair.apps.web.visits import Upload
from edgepair.apps.web.work.reading import DPDF, FOIL, FileRequest, Looked, options_of
from edgepair.apps.web.work.samples import SampleRequest
from edgepair.conventions import EdgepairError, OptionError

MOST_SAMPLES = 60
"""Samples that are answered at once, as many as a report draws."""


@dataclass
class DroppedFile:
    """A file, what stands in its fields, and how it was understood."""

    upload: Upload
    sample: int
    numbered: bool = False
    options: dict[str, object] = field(default_factory=dict)
    part: str | None = None
    parts: list[str] = field(default_factory=list)
    looked: Looked | None = None
    error: EdgepairError | None = None

    @property
    def kind(self) -> str:
        """``xanes``, ``pdf``, or empty where the file was never understood."""
        return "" if self.looked is None else self.looked.kind

    @property
    def metal(self) -> str | None:
        """Its element, as far as that is told."""
        return None if self.looked is None else self.looked.part.absorber

    @property
    def is_foil(self) -> bool:
        """Whether others are calibrated by it: then it is no sample."""
        return self.kind == "xanes" and self.options.get("role") == FOIL

    @property
    def is_dpdf(self) -> bool:
        """Whether it is a differential PDF."""
        return self.kind == "pdf" and self.options.get("role") == DPDF

    def request(self) -> FileRequest:
        """Say how the file is to be read."""
        return FileRequest(self.upload.path, self.upload.name, options_of(self.options))


@dataclass
class DroppedFiles:
    """The files of one visitor on one page."""

    files: dict[str, DroppedFile] = field(default_factory=dict)
    shown: str | None = None
    example: str = ""
    refused: list[EdgepairError] = field(default_factory=list)

    def add(self, upload: Upload) -> DroppedFile:
        """List a file that has come, as a sample of its own."""
        taken = {file.sample for file in self.files.values()}
        number = next(n for n in range(1, len(taken) + 2) if n not in taken)
        file = self.files[upload.key] = DroppedFile(upload, number)
        return file

    def pair(self) -> None:
        """Take one spectrum and one PDF as one sample, unless the visitor has numbered them."""
        mine = [file for file in self.files.values() if not file.is_foil]
        if [*sorted(file.kind for file in mine)] == ["pdf", "xanes"] and not any(
            file.numbered for file in mine
        ):
            for file in mine:
                file.sample = mine[0].sample

    def request(self, file: DroppedFile) -> FileRequest:
        """Say how a file is to be read, and by which foil its energies are calibrated."""
        foils = [
            one
            for one in self.files.values()
            if one.is_foil and one is not file and one.metal == file.metal is not None
        ]
        if not foils or file.is_foil or file.kind == "pdf":
            return file.request()
        if len(foils) > 1:
            names = " and ".join(repr(foil.upload.name) for foil in foils[:2])
            raise OptionError(
                f"cannot calibrate {file.upload.name!r}",
                found=f"{len(foils)} foils of {file.metal}, {names}",
                needed="one foil of each element",
                suggestion="remove the others, or drop the spectra that belong to each in a tab of its own",
            )
        return replace(file.request(), foil=foils[0].request())

    def samples(self) -> list[SampleRequest]:
        """Put together what is to be answered at once."""
        together: dict[Any, list[tuple[FileRequest, str]]] = {}
        for key, file in self.files.items():
            if file.looked is None or file.is_foil:
                # One that was understood before, and is not now, is refused by name, not left out.
                continue
            for item in file.parts:
                sample = file.sample if len(file.parts) < 2 else (file.sample, key, item)
                together.setdefault(sample, []).append((self.request(file), item))
        if not together:
            raise OptionError(
                "cannot answer without a measurement",
                found="no file that could be read and is a sample",
                needed="a spectrum or a PDF",
                suggestion="drop a file above, or add an example",
            )
        if len(together) > MOST_SAMPLES:
            raise OptionError(
                "cannot answer so many samples at once",
                found=f"{len(together)} samples",
                needed=f"at most {MOST_SAMPLES}",
                suggestion="choose fewer parts of the files, or use edgepair predict on the command line",
            )
        return [SampleRequest(tuple(curves)) for curves in together.values()]

    def one_sample(self) -> SampleRequest | None:
        """Take all files as one sample, each by the curve of it that is shown."""
        curves = []
        for file in self.files.values():
            if file.error is not None or file.looked is None:
                raise OptionError(
                    f"cannot ask with the file {file.upload.name!r}",
                    found="a file that was not read",
                    needed="files that are understood, or none",
                    suggestion="remove it, or say in its fields how it is to be read",
                )
            if not file.is_foil:
                curves.append((self.request(file), file.looked.part.item))
        return SampleRequest(tuple(curves)) if curves else None
