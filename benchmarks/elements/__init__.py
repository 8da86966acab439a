"""Benchmark of the line groups that are named in measured spectra."""
