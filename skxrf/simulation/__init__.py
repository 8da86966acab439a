"""The forward model: layer stacks, the beam, and what the detector counts."""
