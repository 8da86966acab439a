"""Training of the shipped model on simulated spectra."""
