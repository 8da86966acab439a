"""Cubes: one module a format, the table of formats, and what makes a lazy cube of what they find."""
