"""Fit of one sum spectrum: energy axis, line groups, components, then pixels."""
