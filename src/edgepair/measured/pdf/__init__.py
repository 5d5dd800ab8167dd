"""Measured PDFs: from columns to G(r) and the instrument that it was measured with."""
