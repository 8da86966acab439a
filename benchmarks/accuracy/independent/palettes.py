"""Four palettes that are none of the package's, after the practice of their time and place.

Sources: AP is Artists' Pigments, vols 1-4 (National Gallery of Art, Washington, 1986-2007); PC the
Pigment Compendium (Eastaugh et al. 2008); NGTB the National Gallery Technical Bulletin. Shares by
weight and thicknesses are assumed throughout.
"""

from __future__ import annotations

from skxrf.simulation import Palette

# Rome about 1600: ground of earths, umber and what was left on the palette, with a lead drier
# (Keith 1998, NGTB 19, on Caravaggio); lead-antimony beside lead-tin yellow (AP vol. 1, Naples
# yellow); verdigris as a drier of blacks; smalt and copper green in draperies (AP vol. 2).
_BAROQUE = Palette(
    "roman_canvas",
    "Oil on canvas on a red-brown double ground, Rome, about 1600",
    "held_out",
    paints={
        "white": {"lead white": 0.93, "chalk": 0.07},
        "dark": {"bone black": 0.6, "burnt umber": 0.3, "verdigris": 0.1},
        "flesh": {"lead white": 0.78, "vermilion": 0.09, "lead-tin yellow type 1": 0.13},
        "flesh_shadow": {"burnt umber": 0.5, "bole": 0.35, "bone black": 0.15},
        "hair": {"burnt umber": 0.55, "lead-tin yellow type 1": 0.2, "burnt sienna": 0.25},
        "robe": {"vermilion": 0.65, "madder lake": 0.2, "bole": 0.15},
        "robe_shadow": {"madder lake": 0.5, "bone black": 0.3, "verdigris": 0.2},
        "cloak": {"smalt": 0.65, "azurite": 0.15, "lead white": 0.2},
        "second": {"lead-tin yellow type 1": 0.45, "verdigris": 0.35, "naples yellow": 0.2},
        "background": {"burnt umber": 0.45, "bone black": 0.4, "copper resinate": 0.15},
        "landscape": {"verdigris": 0.35, "smalt": 0.3, "lead-tin yellow type 1": 0.35},
        "border": {"bole": 0.6, "burnt umber": 0.4},
        "inscription": {"naples yellow": 0.6, "lead-tin yellow type 1": 0.4},
    },
    binders=("walnut oil", "linseed oil"),
    varnishes=("mastic",),
    supports=(("linen canvas", 700.0),),
    grounds=(
        (
            {
                "burnt umber": 0.28,
                "bole": 0.22,
                "red lead": 0.06,
                "lead white": 0.08,
                "chalk": 0.08,
                "bone black": 0.06,
                "linseed oil": 0.22,
            },
            320.0,
        ),
    ),
    retouchings=({"titanium white rutile": 0.5, "burnt umber": 0.4, "cadmium red": 0.1},),
    layout="standing",
    varnish_um=30.0,
)

# Mummy portraits and shrouds of Roman Egypt: gypsum, lead white, arsenic sulfides, Egyptian blue,
# earths, red lead, madder on gypsum, indigo, chlorides of copper, leaf of gold (AP vol. 3, Egyptian
# blue, orpiment and realgar; Svoboda & Cartwright 2020, Mummy Portraits of Roman Egypt, Getty).
_EGYPTIAN = Palette(
    "mummy_portrait",
    "Wax and glue painting on wood, Roman Egypt, 2nd century",
    "held_out",
    paints={
        "white": {"lead white": 0.55, "gypsum": 0.45},
        "dark": {"charcoal black": 0.7, "indigo": 0.2, "manganese black": 0.1},
        "flesh": {"lead white": 0.6, "red ochre": 0.2, "orpiment": 0.12, "gypsum": 0.08},
        "cheek": {"red lead": 0.35, "madder lake": 0.35, "lead white": 0.3},
        "hair": {"charcoal black": 0.6, "manganese black": 0.2, "red ochre": 0.2},
        "robe": {"madder lake": 0.45, "gypsum": 0.55},
        "robe_light": {"madder lake": 0.2, "gypsum": 0.5, "lead white": 0.3},
        "cloak": {"egyptian blue": 0.7, "gypsum": 0.3},
        "second": {"orpiment": 0.5, "egyptian blue": 0.5},
        "background": {"egyptian blue": 0.2, "lead white": 0.3, "gypsum": 0.4, "indigo": 0.1},
        "landscape": {"atacamite": 0.6, "orpiment": 0.2, "gypsum": 0.2},
        "border": {"realgar": 0.6, "red ochre": 0.4},
        "inscription": {"red lead": 0.8, "realgar": 0.2},
    },
    binders=("beeswax", "animal glue"),
    varnishes=("beeswax",),
    supports=(("lime wood", 4000.0),),
    grounds=(({"gypsum": 0.8, "anhydrite": 0.08, "animal glue": 0.12}, 140.0),),
    retouchings=({"gypsum": 0.5, "zinc white": 0.3, "yellow ochre": 0.2},),
    leaf="gold leaf",
    bole={"yellow ochre": 0.5, "gypsum": 0.3, "animal glue": 0.2},
    gilded=("halo",),
    layout="pantokrator",
    varnish_um=8.0,
)

# A landscape of about 1860: ground of zinc and barium white, copper acetoarsenite, chromates,
# sulfide of cadmium, cobalt blue and green, viridian (AP vols 1 and 3; PC).
_LANDSCAPE = Palette(
    "painted_landscape",
    "Oil on canvas, landscape, about 1860",
    "held_out",
    paints={
        "white": {"zinc white": 0.7, "barium white": 0.3},
        "dark": {"viridian": 0.4, "madder lake": 0.35, "prussian blue": 0.25},
        "flesh": {"zinc white": 0.75, "vermilion": 0.12, "cadmium yellow": 0.13},
        "hair": {"mars red": 0.5, "cobalt green": 0.2, "bitumen": 0.3},
        "robe": {"cobalt blue": 0.6, "zinc white": 0.25, "barium white": 0.15},
        "cloak": {"viridian": 0.45, "cadmium yellow": 0.25, "zinc white": 0.3},
        "second": {"cadmium yellow": 0.6, "chrome orange": 0.2, "zinc white": 0.2},
        "background": {"emerald green": 0.3, "chrome yellow": 0.12, "zinc white": 0.58},
        "landscape": {"viridian": 0.35, "chrome yellow": 0.3, "emerald green": 0.35},
        "landscape_light": {"emerald green": 0.4, "cadmium yellow": 0.3, "zinc white": 0.3},
        "border": {"mars red": 0.6, "chrome orange": 0.4},
        "inscription": {"vermilion": 0.8, "cadmium yellow": 0.2},
    },
    binders=("linseed oil",),
    varnishes=("copal oil varnish", "mastic"),
    supports=(("cotton canvas", 400.0), ("linen canvas", 500.0)),
    grounds=(({"zinc white": 0.4, "barium white": 0.38, "linseed oil": 0.22}, 90.0),),
    retouchings=({"lithopone": 0.6, "cobalt green": 0.4},),
    layout="mother_and_child",
    varnish_um=22.0,
)

# Iron gall ink to X-rays: iron, sulfate, potassium, some zinc and copper (AP has no chapter; Hahn
# et al. 2004, X-Ray Spectrom. 33, 234). The materials at hand that contain them stand in for it.
_INK = {
    "mars black": 0.22,
    "kermes lake": 0.6,
    "gypsum": 0.12,
    "zinc white": 0.03,
    "verdigris": 0.03,
}
# Gospels of Armenia, 13th century: azurite, orpiment, red lead, vermilion, kermes, lead white and
# chalk, malachite, leaf of gold on a thin size, shell gold (Orna & Mathews 1981, Studies in
# Conservation 26, 57).
_LEAF = Palette(
    "gospel_leaf",
    "Illuminated leaf on parchment, Armenia, 13th century",
    "held_out",
    paints={
        "white": {"lead white": 0.8, "chalk": 0.2},
        "dark": _INK,
        "flesh": {"lead white": 0.7, "orpiment": 0.15, "vermilion": 0.15},
        "hair": {"red ochre": 0.4, **{name: 0.6 * share for name, share in _INK.items()}},
        "robe": {"azurite": 0.9, "lead white": 0.1},
        "robe_light": {"azurite": 0.5, "lead white": 0.5},
        "cloak": {"vermilion": 0.6, "kermes lake": 0.4},
        "second": {"malachite": 0.6, "orpiment": 0.4},
        "background": {"azurite": 0.7, "kermes lake": 0.3},
        "landscape": {"malachite": 0.7, "chalk": 0.3},
        "border": {"red lead": 0.7, "orpiment": 0.3},
        "inscription": _INK,
    },
    binders=("egg white", "gum arabic"),
    varnishes=("egg white",),
    supports=(("parchment", 190.0),),
    grounds=(({"chalk": 0.8, "egg white": 0.2}, 6.0),),
    retouchings=({"azurite": 0.5, "chalk": 0.5},),
    leaf="gold leaf",
    bole={"chalk": 0.5, "red ochre": 0.2, "egg white": 0.3},
    gilded=("background", "halo"),
    layout="deesis",
    varnish_um=3.0,
)

PALETTES = {one.name: one for one in (_BAROQUE, _EGYPTIAN, _LANDSCAPE, _LEAF)}
