"""Standards: measured spectra of compounds whose values are known, bundled or the user's own."""

from edgepair.standards.standard import Standard
from edgepair.standards.standards import load_standards, read_standards

__all__ = ["Standard", "load_standards", "read_standards"]
