"""The pages, each in a module of its own; what they compute stands in ``edgepair.apps.web.work``."""

from edgepair.apps.web.pages.advise import AdvisePage
from edgepair.apps.web.pages.data import DataPage
from edgepair.apps.web.pages.mixtures import MixturesPage
from edgepair.apps.web.pages.predict import PredictPage
from edgepair.apps.web.pages.series import SeriesPage
from edgepair.apps.web.pages.study import StudyPage

PAGES = (PredictPage, SeriesPage, MixturesPage, StudyPage, DataPage, AdvisePage)
"""In the order of the navigation; the first is also the start."""
