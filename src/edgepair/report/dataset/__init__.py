"""A dataset in a notebook."""
