"""
How the simulator works
=======================

A painting is a stack of thin layers at every point. The forward model follows the photons of the
tube into the layers and out again, and gives the spectrum that a detector counts, with the true
net intensity of each line group. This example goes through its steps.
"""

# %%
# A stack of layers
# -----------------
#
# Azurite in egg yolk on lead white, on a gypsum ground, on wood; and the same without the upper
# layers. Shares are by weight.

# sphinx_gallery_thumbnail_number = 2
import matplotlib.pyplot as plt
import numpy as np

from skxrf.simulation import Layer, stack_arrays, stack_elements

azurite = Layer({"azurite": 0.8, "egg yolk": 0.2}, thickness_um=20)
lead_white = Layer({"lead white": 0.85, "egg yolk": 0.15}, thickness_um=20)
ground = Layer({"gypsum": 0.88, "animal glue": 0.12}, thickness_um=400)
wood = Layer({"lime wood": 1.0}, thickness_um=20_000)

stacks = {
    "azurite on lead white": [azurite, lead_white, ground, wood],
    "lead white alone": [lead_white, ground, wood],
    "ground alone": [ground, wood],
}
print(f"azurite paint: {azurite.density:.2f} g/cm³, {1000 * azurite.mass:.1f} mg/cm²")

# %%
# From the tube to the detector
# -----------------------------
#
# An ``Instrument`` holds all parameters of a scanner; there are presets. The beam that reaches the
# object is the continuum of the tube and the lines of its anode, behind window and lens.
from skxrf.plotting import SpectrumDisplay
from skxrf.simulation import ForwardModel, Instrument

scanner = Instrument.m6_jetstream().with_axis(0.0, 0.02, 1500)
elements = stack_elements(list(stacks.values()))
model = ForwardModel(elements, scanner)
print(f"{scanner.name}: {scanner.anode} anode at {scanner.voltage:g} kV")
print(f"elements: {', '.join(elements)}")

# %%
# The model gives the photons that arrive in full-energy peaks, at a dose of one; templates turn
# them into spectra on the axis of the detector, with tails, escape peaks and scatter.
compositions, masses = stack_arrays(list(stacks.values()), elements)
photons = model.photons(compositions, masses)
spectra = model.templates().spectra(photons)
dose = 20_000 / spectra[0].sum()  # 20,000 counts in the first

SpectrumDisplay(
    scanner.energy,
    {name: dose * spectrum for name, spectrum in zip(stacks, spectra, strict=True)},
    ["S_K", "Ca_K", "Fe_K", "Cu_K", "Pb_L", "Sr_K"],
).plot(energy_range=(1, 26))

# %%
# What a layer hides
# ------------------
#
# Soft lines come from near the surface only. Under azurite of growing thickness, the M lines of
# lead (2.3 keV) vanish within some ten micrometers, while its L lines (10.5 keV) pass. Their ratio
# shows that lead lies below.
thicknesses = np.geomspace(0.5, 200, 25)  # um
covered = [
    [Layer({"azurite": 0.8, "egg yolk": 0.2}, thickness_um=float(t)), lead_white, ground, wood]
    for t in thicknesses
]
groups = ["Pb_M", "Pb_L", "Ca_K", "Cu_K"]
photons = model.photons(*stack_arrays(covered, elements))
intensities = dose * model.intensities(photons, groups)

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for name, values in zip(groups, intensities.T, strict=True):
    axes.loglog(thicknesses, values, label=name.replace("_", " "))
axes.set(
    xlabel="thickness of the azurite layer [µm]",
    ylabel="net intensity [counts]",
    ylim=(0.3, None),
)
axes.legend()

# %%
# Counting
# --------
#
# A measured spectrum is a draw from a Poisson distribution about the expected spectrum. At 500
# counts a pixel, as in fast scans, only the strongest lines stand out.
rng = np.random.default_rng(0)
shape = spectra[0] / spectra[0].sum()

figure, panels = plt.subplots(1, 3, figsize=(12, 3.2), sharex=True, layout="constrained")
for axes, counts in zip(panels, (500, 5_000, 50_000), strict=True):
    axes.step(scanner.energy, rng.poisson(counts * shape), where="mid", linewidth=0.6)
    axes.plot(scanner.energy, counts * shape, color="C3", linewidth=1)
    axes.set(title=f"{counts:,} counts", xlabel="energy [keV]", xlim=(1, 14))
panels[0].set_ylabel("counts per channel")

# %%
# The limit
# ---------
#
# The Cramer-Rao bound is the smallest standard error of a net intensity for every unbiased
# estimator that looks at one pixel, fits and networks alike. Here the shapes of the lines are
# known, and the height of the rest of the spectrum (scatter, other lines) is not.
from skxrf.linear_model import TemplateFitRegressor
from skxrf.simulation import cramer_rao_bound

measured = ["S_K", "Ca_K", "Cu_K", "Pb_L"]
fit = TemplateFitRegressor(measured, energy=scanner.energy, energy_range=(1.3, 17.0))
fit.fit(rng.poisson(dose * spectra[0], (500, spectra.shape[1])))
inside = (scanner.energy >= 1.3) & (scanner.energy <= 17.0)

budgets = np.geomspace(300, 100_000, 12)
bounds = cramer_rao_bound(
    budgets[:, None] * shape[inside],
    fit.components_[: len(measured)],
    nuisances=fit.components_[len(measured) :],
)
truth = (
    budgets[:, None]
    * model.intensities(model.photons(compositions[:1], masses[:1]), measured)
    / spectra[0].sum()
)

figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for k, name in enumerate(measured):
    axes.loglog(budgets, bounds[:, k] / truth[:, k], label=name.replace("_", " "))
axes.axhline(1 / 3, color="0.5", linestyle=":", label="three standard errors")
axes.set(
    xlabel="counts in the spectrum",
    ylabel="smallest relative standard error",
)
figure.legend(loc="outside right upper")

# %%
# Below the dotted line an element is detected in a single pixel. The sulfur is that of the gypsum,
# under lead white, whose M lines overlap with it. Above the line only more time, neighboring
# pixels, or knowledge of paints can help; the last is what a network can learn.
#
# A whole painting
# ----------------
#
# ``simulate_painting`` lays such stacks out as an icon: figures, haloes, robes, losses and cracks.
# ``make_painting`` and ``make_spectra`` are short cuts with few parameters.
from skxrf.plotting import ElementMapDisplay
from skxrf.simulation import simulate_painting

cube, maps = simulate_painting("icon_test", pixel_size=5.0, instrument=scanner, random_state=6)
ElementMapDisplay.from_maps(
    maps, elements=["Ca_K", "Fe_K", "Cu_K", "Au_L", "Hg_L", "Pb_L"], n_columns=3
)
