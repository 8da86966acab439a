"""Paints of a painting: mixtures of the palette, their lights and shadows, and the binder."""

from __future__ import annotations

from collections.abc import Mapping

from skxrf.simulation._materials import material

from ._palettes import Palette

# Replacements of paints that a palette does not name, by weight of other paints.
_STAND_INS: dict[str, dict[str, float]] = {
    "cheek": {"flesh": 0.5, "inscription": 0.2, "border": 0.3},
    "flesh_shadow": {"flesh": 0.35, "hair": 0.45, "landscape": 0.2},
    "leaf": {"second": 1.0},
}


def paint_mixture(palette: Palette, name: str) -> dict[str, float]:
    """Pigments of a paint, by weight.

    `name`: one of its paints; or one with ``_light`` or ``_shadow`` added, which is then mixed with
    the palette's white or dark.
    """
    if name in palette.paints:
        return _normalized(palette.paints[name])
    if name in _STAND_INS:
        parts = _STAND_INS[name]
    elif name.endswith("_light"):
        parts = {name.removesuffix("_light"): 0.45, "white": 0.55}
    else:
        parts = {name.removesuffix("_shadow"): 0.5, "dark": 0.5}
    total: dict[str, float] = {}
    for part, weight in parts.items():
        for pigment, share in paint_mixture(palette, part).items():
            total[pigment] = total.get(pigment, 0.0) + weight * share
    return _normalized(total)


def bound(pigments: Mapping[str, float], binder: str, volume: float) -> dict[str, float]:
    """Add binder, a share of the volume, to a mixture of pigments by weight."""
    solid = sum(share / material(name).density for name, share in pigments.items())
    mixture = dict(pigments)
    added = volume / (1 - volume) * solid * material(binder).density
    mixture[binder] = mixture.get(binder, 0.0) + added
    return _normalized(mixture)


def _normalized(mixture: Mapping[str, float]) -> dict[str, float]:
    total = sum(mixture.values())
    return {name: share / total for name, share in mixture.items()}
