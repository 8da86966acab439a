"""
An interactive report
=====================

``write_map_report`` writes maps and their spectra into one HTML file that opens without Python: a
click on a map shows the spectrum of that pixel and its fit. This example writes one, shows it, and
tells how to share it.

On the command line, ``skxrf map scan.h5 -o maps.nc --report maps.html`` or ``skxrf fit`` with the
same option.
"""

# %%
# Maps and their fit
# ------------------
#
# A small icon, so that the report is small enough to be part of this page.

# sphinx_gallery_thumbnail_number = 1
import tempfile
from pathlib import Path

from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.linear_model import TemplateFitRegressor
from skxrf.plotting import ElementMapDisplay
from skxrf.report import write_map_report
from skxrf.samples import to_samples

cube, truth = make_painting(
    (30, 40), palette="icon_test", n_channels=512, energy=(0.0, 0.04), random_state=0
)
line_groups = ["Ca_K", "Mn_K", "Fe_K", "Cu_K", "Au_L", "Hg_L", "Pb_L", "Sr_K"]
fit = TemplateFitRegressor(line_groups, energy=cube["energy"].values, anode="Rh")
maps = predict_maps(fit.fit(to_samples(cube).values), cube, return_std=True)
ElementMapDisplay.from_maps(maps, percentiles=(1, 99), n_columns=4)

# %%
# Write it
# --------
#
# The cube supplies the spectra, the fit their fitted curves; for the shipped model pass
# ``fit=load_pretrained()``. With ``reference=`` the maps are compared: here with the truth,
# otherwise for example with PyMca's fit, ``open_maps("pymca.dat")``. ``skxrf evaluate maps.nc
# pymca.dat -o report.html`` writes such a page from two files of maps alone.
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "icon.html"
write_map_report(
    maps,
    path,
    cube=cube,
    fit=fit,
    reference=truth.sel(element=line_groups),
    sigma=maps["uncertainty"].clip(min=1e-3),
    title="A simulated icon",
    provenance={"scanned by": "nobody, it is simulated"},
)
print(f"{path.stat().st_size / 1e6:.1f} MB")

# %%
# Look at it
# ----------
#
# This is the file itself, in a frame. Click on a map; drag on it to mark a region, whose mean
# spectrum and values are shown; drag across a spectrum to zoom; choose *|z|* instead of *intensity*
# to see where the maps differ from the truth; scroll down for the comparison.
import html


class Frame:
    """A page within this one, drawn at the size of a laptop's window and made smaller."""

    def __init__(self, path):
        self.path = path

    def _repr_html_(self):
        page = html.escape(self.path.read_text(encoding="utf-8"))
        return (
            '<div style="width: 100%; aspect-ratio: 1280 / 700; overflow: hidden; '
            'border: 1px solid #888">'
            f'<iframe srcdoc="{page}" title="A report of skxrf" style="border: 0; '
            'width: 1280px; height: 700px; transform-origin: 0 0" onload="this.style.transform = '
            '`scale(${this.parentNode.clientWidth / 1280})`"></iframe></div>'
        )


Frame(path)

# %%
# Share it
# --------
#
# The file needs neither network nor server. It can be
#
# - sent by mail, or laid beside the scan;
# - linked from a web page or a laboratory's notes, ``<a href="icon.html">``, or framed in it,
#   ``<iframe src="icon.html" width="100%" height="700"></iframe>``;
# - shown in a notebook, without a file of its own, ``maps.xrf.explore(cube, fit=fit)``;
# - printed: all maps, spectra and tables come on A4 pages.
#
# It stays below 50 MB for large scans too: spectra are then summed over channels and squares of
# pixels, and the page says so (:doc:`/user_guide/report`).
folder.cleanup()
