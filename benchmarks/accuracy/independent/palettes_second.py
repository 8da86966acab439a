"""Four more palettes, of the second independent set: written down before anything was tuned on it.

Sources as in `palettes.py` (AP, PC, NGTB). Shares by weight and thicknesses are assumed throughout.
"""

from __future__ import annotations

from skxrf.simulation import Palette

# Oil on a chalk ground on oak, southern Netherlands: azurite, malachite, verdigris, lead-tin
# yellow, vermilion and lakes, an isolating layer of lead white (NGTB 18, Campbell et al. 1997).
_FLEMISH = Palette(
    "flemish_panel",
    "Oil on chalk ground on oak, Bruges, about 1480",
    "held_out",
    paints={
        "white": {"lead white": 0.97, "chalk": 0.03},
        "dark": {"bone black": 0.5, "charcoal black": 0.3, "van dyke brown": 0.2},
        "flesh": {"lead white": 0.9, "vermilion": 0.06, "yellow ochre": 0.04},
        "hair": {"yellow ochre": 0.4, "van dyke brown": 0.4, "lead-tin yellow type 1": 0.2},
        "robe": {"madder lake": 0.6, "vermilion": 0.25, "lead white": 0.15},
        "cloak": {"azurite": 0.75, "lead white": 0.25},
        "second": {"malachite": 0.5, "lead-tin yellow type 1": 0.5},
        "background": {"verdigris": 0.35, "lead-tin yellow type 1": 0.25, "lead white": 0.4},
        "landscape": {"copper resinate": 0.6, "lead-tin yellow type 1": 0.3, "raw umber": 0.1},
        "border": {"galena": 0.3, "bone black": 0.4, "lead white": 0.3},
        "inscription": {"lead-tin yellow type 2": 0.8, "lead white": 0.2},
    },
    binders=("linseed oil", "walnut oil"),
    varnishes=("mastic", "dammar"),
    supports=(("oak wood", 8000.0),),
    grounds=(
        (
            {"chalk": 0.87, "animal glue": 0.13},
            210.0,
        ),
    ),
    retouchings=({"titanium white anatase": 0.6, "raw umber": 0.4},),
    layout="mother_and_child",
    varnish_um=25.0,
)

# View painting of Venice and Dresden: Prussian blue, Naples yellow, earths, vermilion, smalt on a
# double ground, red below gray (AP vols 1 and 3; NGTB 14 on Canaletto, Bomford & Finaldi 1998).
_VEDUTA = Palette(
    "veduta",
    "Oil on canvas on red and gray grounds, Venice, about 1750",
    "held_out",
    paints={
        "white": {"lead white": 0.85, "dolomite": 0.15},
        "dark": {"bone black": 0.45, "burnt umber": 0.35, "prussian blue": 0.2},
        "flesh": {"lead white": 0.7, "naples yellow": 0.15, "vermilion": 0.15},
        "hair": {"burnt sienna": 0.6, "bone black": 0.4},
        "robe": {"vermilion": 0.5, "carmine lake": 0.5},
        "cloak": {"prussian blue": 0.2, "lead white": 0.8},
        "second": {"naples yellow": 0.7, "yellow ochre": 0.3},
        "background": {"prussian blue": 0.08, "smalt": 0.25, "lead white": 0.67},
        "landscape": {"green earth": 0.5, "naples yellow": 0.3, "raw sienna": 0.2},
        "border": {"burnt umber": 0.6, "red ochre": 0.4},
        "inscription": {"naples yellow": 0.5, "lead white": 0.5},
    },
    binders=("walnut oil",),
    varnishes=("mastic",),
    supports=(("linen canvas", 600.0),),
    grounds=(
        (
            {
                "red ochre": 0.5,
                "dolomite": 0.15,
                "lead white": 0.1,
                "quartz": 0.05,
                "linseed oil": 0.2,
            },
            180.0,
        ),
    ),
    retouchings=({"zinc white": 0.5, "cobalt blue": 0.5},),
    layout="standing",
    varnish_um=20.0,
)

# Board of about 1912: sulfides and selenides of cadmium, cerulean and cobalt blue, emerald green,
# chromium oxide, strontium yellow, zinc and barium whites (AP vol. 1; PC).
_BOARD = Palette(
    "expressionist_board",
    "Oil on cardboard, Germany, about 1912",
    "held_out",
    paints={
        "white": {"zinc white": 0.6, "lithopone": 0.4},
        "dark": {"prussian blue": 0.5, "carbon black": 0.3, "madder lake": 0.2},
        "flesh": {"cadmium red": 0.15, "strontium yellow": 0.2, "zinc white": 0.65},
        "hair": {"mars red": 0.5, "cadmium yellow": 0.5},
        "robe": {"cadmium red": 0.8, "barium white": 0.2},
        "cloak": {"cerulean blue": 0.6, "zinc white": 0.4},
        "second": {"emerald green": 0.7, "strontium yellow": 0.3},
        "background": {"chromium oxide green": 0.4, "cadmium yellow": 0.3, "zinc white": 0.3},
        "landscape": {"cobalt violet": 0.4, "cobalt blue": 0.3, "lithopone": 0.3},
        "border": {"manganese violet": 0.4, "prussian blue": 0.2, "zinc white": 0.4},
        "inscription": {"vermilion": 0.7, "chrome orange": 0.3},
    },
    binders=("linseed oil",),
    varnishes=("dammar",),
    supports=(("paper", 1800.0),),
    grounds=(({"lithopone": 0.5, "chalk": 0.28, "linseed oil": 0.22}, 60.0),),
    retouchings=({"titanium white on barite": 0.7, "cadmium yellow lithopone": 0.3},),
    layout="deesis",
    varnish_um=4.0,
)

# Wall painting in lime: earths, green earth, hematite, lime white, smalt and azurite applied dry,
# vermilion that is partly black, iron phosphate, copper chloride (AP vol. 4; PC).
_WALL = Palette(
    "lime_wall",
    "Wall painting in lime, Alps, about 1420",
    "held_out",
    paints={
        "white": {"lime plaster": 0.9, "dolomite": 0.1},
        "dark": {"charcoal black": 0.6, "manganese black": 0.4},
        "flesh": {"lime plaster": 0.7, "hematite": 0.1, "yellow ochre": 0.2},
        "hair": {"raw sienna": 0.6, "hematite": 0.4},
        "robe": {"hematite": 0.5, "caput mortuum": 0.5},
        "cloak": {"azurite": 0.6, "lime plaster": 0.4},
        "second": {"green earth": 0.8, "vivianite": 0.2},
        "background": {"smalt": 0.4, "charcoal black": 0.1, "lime plaster": 0.5},
        "landscape": {"green earth": 0.5, "atacamite": 0.3, "lime plaster": 0.2},
        "border": {"vermilion": 0.5, "hematite": 0.5},
        "inscription": {"massicot": 0.5, "lime plaster": 0.5},
    },
    binders=("casein", "egg white"),
    varnishes=("casein",),
    supports=(("masonry", 20000.0),),
    grounds=(({"lime plaster": 0.7, "quartz": 0.25, "gypsum": 0.05}, 900.0),),
    retouchings=({"zinc white": 0.4, "yellow ochre": 0.6},),
    leaf="tin leaf",
    bole={"yellow ochre": 0.6, "casein": 0.4},
    gilded=("halo",),
    layout="pantokrator",
    varnish_um=2.0,
)

PALETTES = {one.name: one for one in (_FLEMISH, _VEDUTA, _BOARD, _WALL)}
