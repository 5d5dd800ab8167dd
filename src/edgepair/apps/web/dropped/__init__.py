"""Files that visitors drop: taken, listed, read with what stands in their fields, drawn.

The pages that take measured files share this: each has a `FilesPanel` of its own, and finds what was
decided about its files in `DroppedFiles`.
"""

from edgepair.apps.web.dropped.panel import FilesPanel
from edgepair.apps.web.dropped.state import DroppedFile, DroppedFiles

__all__ = ["DroppedFile", "DroppedFiles", "FilesPanel"]
