"""Labels of absorber sites: oxidation state, coordination number, bond length."""

from edgepair.labels.environment import Environment, find_environment
from edgepair.labels.oxidation_state import find_oxidation_states

__all__ = ["Environment", "find_environment", "find_oxidation_states"]
