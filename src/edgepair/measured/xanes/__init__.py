"""Measured spectra: from columns to mu(E), its energies and quality."""
