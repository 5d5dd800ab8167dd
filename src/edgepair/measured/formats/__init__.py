"""One reader per file format of spectra."""
