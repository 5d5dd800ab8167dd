"""Names, units, tables of absorbers, modalities and tasks, and the error family."""

from edgepair.conventions.absorbers import (
    BUNDLED_ABSORBERS,
    HIGHEST_STATES,
    K_EDGES,
    STUDY_ABSORBERS,
    edge_energy,
    points_down,
)
from edgepair.conventions.displayed import Displayed, DisplayedCurve
from edgepair.conventions.errors import (
    DataError,
    EdgepairError,
    EngineError,
    LabelError,
    MeasurementError,
    ModelError,
    OptionError,
    OutputError,
    SimulationError,
    StructureError,
    near_miss,
)
from edgepair.conventions.modalities import (
    STUDY_MODALITIES,
    TECHNIQUES,
    Technique,
    modality_title,
    parse_modalities,
    subsets_of,
    techniques_in,
    techniques_of,
)
from edgepair.conventions.progress import Progress
from edgepair.conventions.tasks import TASKS, Task, parse_tasks

__all__ = [
    "BUNDLED_ABSORBERS",
    "HIGHEST_STATES",
    "K_EDGES",
    "STUDY_ABSORBERS",
    "STUDY_MODALITIES",
    "TASKS",
    "TECHNIQUES",
    "DataError",
    "Displayed",
    "DisplayedCurve",
    "EdgepairError",
    "EngineError",
    "LabelError",
    "MeasurementError",
    "ModelError",
    "OptionError",
    "OutputError",
    "Progress",
    "SimulationError",
    "StructureError",
    "Task",
    "Technique",
    "edge_energy",
    "modality_title",
    "near_miss",
    "parse_modalities",
    "parse_tasks",
    "points_down",
    "subsets_of",
    "techniques_in",
    "techniques_of",
]
