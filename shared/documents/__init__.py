"""Official documents as PDF: what is printed on them, the templates, the fonts, the typesetter."""
