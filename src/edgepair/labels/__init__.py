"""Labels: oxidation state, coordination number, bond length and more of absorber sites."""

from edgepair.labels.bond_valence import (
    BOND_VALENCE_LENGTHS,
    BOND_VALENCE_RADIUS,
    bond_valence_length,
    bond_valence_sum,
    count_bonds,
    find_other_bonds,
)
from edgepair.labels.oxidation_state import (
    MeanStates,
    find_composition_state,
    find_mean_states,
    find_oxidation_states,
)
from edgepair.labels.site_labels import (
    CONTRADICTED,
    NEAREST_METAL_RADIUS,
    Environment,
    SiteLabels,
    find_environment,
    label_sites,
)

__all__ = [
    "BOND_VALENCE_LENGTHS",
    "BOND_VALENCE_RADIUS",
    "CONTRADICTED",
    "NEAREST_METAL_RADIUS",
    "Environment",
    "MeanStates",
    "SiteLabels",
    "bond_valence_length",
    "bond_valence_sum",
    "count_bonds",
    "find_composition_state",
    "find_environment",
    "find_mean_states",
    "find_other_bonds",
    "find_oxidation_states",
    "label_sites",
]
