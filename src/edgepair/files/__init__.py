"""Files: whole writing, result folders, cached arrays, JSON values."""
