"""Simulated paintings: palettes, drawings, wear, and the scan of a whole painting."""
