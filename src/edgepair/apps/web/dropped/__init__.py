"""Files that visitors drop: taken, listed, read with what stands in their fields, drawn.

The pages that take measured files share this: each has a `FilesPanel` of its own, and finds what was
decided about its files in `DroppedFiles`.
"""
