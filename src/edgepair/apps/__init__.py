"""Applications: the command line and the local web page; no science."""
