"""Standards: measured spectra of compounds whose values are known, bundled or the user's own."""

from edgepair.standards.standards import Standard, load_standards, read_standards

__all__ = ["Standard", "load_standards", "read_standards"]
