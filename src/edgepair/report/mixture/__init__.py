"""Report of mixtures."""
