"""Alias of :mod:`skxrf.pretrained.training`, the name that earlier versions used."""

from skxrf.pretrained.training import fine_tune

__all__ = ["fine_tune"]
