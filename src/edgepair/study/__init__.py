"""The study: scores, importances and the paper's findings, on honest splits."""

from edgepair.study.findings import FINDINGS, Finding
from edgepair.study.result import StudyResult, check_output, staged_output
from edgepair.study.run import Progress, run_study

__all__ = ["FINDINGS", "Finding", "Progress", "StudyResult", "check_output", "run_study", "staged_output"]
