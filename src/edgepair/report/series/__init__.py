"""Report of a series."""
