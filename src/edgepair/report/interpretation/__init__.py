"""Report of an interpretation."""
