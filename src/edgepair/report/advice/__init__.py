"""Report of advice."""
