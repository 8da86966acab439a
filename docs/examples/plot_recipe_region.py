"""
Mean spectra of regions
=======================

The spectrum of a rectangle, and of all pixels where an element is strong, with the net areas of
both. In a terminal: ``skxrf region scan.h5 --box 10:20,30:40 -o region.csv``.
"""

# sphinx_gallery_thumbnail_number = 1
from skxrf.datasets import make_painting
from skxrf.linear_model import TemplateFitRegressor
from skxrf.plotting import SpectrumDisplay

# Yours: cube = open_cube("scan.h5"), maps = open_maps("maps.nc")["intensity"]
cube, maps = make_painting((60, 80), palette="icon_test", random_state=0)
mercury = maps.sel(element="Hg_L")
inside = mercury > mercury.quantile(0.97)  # True and False for each pixel
regions = {
    "rectangle": cube.isel(y=slice(5, 15), x=slice(5, 25)).sum(("y", "x")),
    "much mercury": cube.where(inside, 0).sum(("y", "x")),
}
n_pixels = {"rectangle": 200, "much mercury": int(inside.sum())}
means = {name: total / n_pixels[name] for name, total in regions.items()}
SpectrumDisplay(cube["energy"], means, ["Ca_K", "Fe_K", "Cu_K", "Hg_L", "Pb_L"]).plot(
    energy_range=(1, 20)
)

# %%
# Net areas
# ---------
#
# The fit of a sum has much smaller errors than one of a pixel.
for name, total in regions.items():
    fit = TemplateFitRegressor(energy=cube["energy"].values, anode="Rh").fit(total.values[None])
    found = fit.sum_spectrum_fit_
    print(name, f"({n_pixels[name]} pixels), counts per pixel:")
    for group in fit.line_groups_:
        area, error = found.areas[group] / n_pixels[name], found.errors[group] / n_pixels[name]
        print(f"  {group:<6}{area:9.1f} ± {error:.1f}")
