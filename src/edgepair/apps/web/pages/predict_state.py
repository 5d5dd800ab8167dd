"""What a visitor has done on the page Predict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgepair.apps.web.pages.predict_files import ListedFile
from edgepair.apps.web.work.predict import Answered, SampleRequest
from edgepair.apps.web.work.reading import FileRequest, Looked, options_of
from edgepair.conventions import EdgepairError, OptionError

if TYPE_CHECKING:
    from edgepair.apps.web.visits import Upload

MOST_SAMPLES = 60
"""Samples that are answered at once, as many as a report draws."""


@dataclass
class PredictFile:
    """What a visitor has decided about a file, and how it was understood.

    Attributes
    ----------
    upload : Upload
        The file.
    sample : int
        Files of one number are answered together.
    options : dict
        What stands in its fields.
    parts : list of str
        Its curves that are to be answered.
    looked : Looked or None
        How it was understood, the last time that it was.
    error : EdgepairError or None
        Why it is not understood now.
    """

    upload: Upload
    sample: int
    options: dict[str, Any] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    looked: Looked | None = None
    error: EdgepairError | None = None

    def request(self) -> FileRequest:
        """Say how the file is to be read."""
        return FileRequest(self.upload.path, self.upload.name, options_of(self.options))


@dataclass
class PredictState:
    """All of it.

    Attributes
    ----------
    files : dict of str to PredictFile
        By their keys, in the order in which they came.
    shown : str or None
        Key of the file whose curve is drawn.
    answers : list of Answered
        Of the last job that ended.
    job : str or None
        Key of the job that runs.
    view : dict of str to str
        What the address holds.
    refused : list of EdgepairError
        Why files were not taken.
    """

    files: dict[str, PredictFile] = field(default_factory=dict)
    shown: str | None = None
    answers: list[Answered] = field(default_factory=list)
    job: str | None = None
    view: dict[str, str] = field(default_factory=dict)
    refused: list[EdgepairError] = field(default_factory=list)

    def listed(self) -> list[ListedFile]:
        """Give the files as the page lists them.

        Returns
        -------
        list of ListedFile
            In the order in which they came.
        """
        return [
            ListedFile(key, file.upload.name, file.sample, file.looked, file.error, len(file.parts))
            for key, file in self.files.items()
        ]

    def samples(self) -> list[SampleRequest]:
        """Put together what is to be answered at once.

        Returns
        -------
        list of SampleRequest
            Files of one number together; each curve of a file that holds many by itself.

        Raises
        ------
        OptionError
            There is nothing to answer, or too much.
        """
        together: dict[Any, list[tuple[FileRequest, str]]] = {}
        for key, file in self.files.items():
            if file.error is not None or file.looked is None:
                continue
            for item in file.parts:
                sample = file.sample if len(file.parts) < 2 else (file.sample, key, item)
                together.setdefault(sample, []).append((file.request(), item))
        if not together:
            raise OptionError(
                "cannot answer without a measurement",
                found="no file that could be read",
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
