"""What all reports share: style, tables, embedding of figures, pages."""
