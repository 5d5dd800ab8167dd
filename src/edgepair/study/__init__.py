"""The study: scores, importances and the paper's findings, on honest splits."""

from edgepair.conventions import Progress
from edgepair.study.contributions import ContributionText, contribution_sentences
from edgepair.study.findings import FINDINGS, Finding
from edgepair.study.importances import class_curves
from edgepair.study.result import STUDY_FOLDER, StudyResult
from edgepair.study.run import run_study

__all__ = [
    "FINDINGS",
    "STUDY_FOLDER",
    "ContributionText",
    "Finding",
    "Progress",
    "StudyResult",
    "class_curves",
    "contribution_sentences",
    "run_study",
]
