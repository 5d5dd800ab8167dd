"""Labels of absorber sites: oxidation state, coordination number, bond length and more."""

from edgepair.labels.composition import find_composition_state
from edgepair.labels.environment import Environment, find_environment
from edgepair.labels.oxidation_state import find_oxidation_states
from edgepair.labels.site_labels import NEAREST_METAL_RADIUS, SiteLabels, label_sites

__all__ = [
    "NEAREST_METAL_RADIUS",
    "Environment",
    "SiteLabels",
    "find_composition_state",
    "find_environment",
    "find_oxidation_states",
    "label_sites",
]
