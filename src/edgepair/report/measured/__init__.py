"""Report of what a measured file holds."""
