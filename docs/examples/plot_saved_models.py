"""
Models in files that run no code
================================

The usual file for a trained model, a pickle, is a program: opening it runs the code of its author.
A model file of skxrf is data. This example saves a Pipeline with its network, loads it again, and
tries to open malicious files.
"""

# %%
# A model to save
# ---------------
#
# A small network, trained for a moment.

# sphinx_gallery_thumbnail_number = 1
import tempfile
from pathlib import Path

from sklearn.pipeline import make_pipeline

from skxrf.datasets import make_painting
from skxrf.inference import predict_maps
from skxrf.neural_network import SpectrumMLPRegressor
from skxrf.preprocessing import ChannelBinner
from skxrf.samples import to_samples

cube, truth = make_painting((36, 48), palette="icon_1", random_state=0)
model = make_pipeline(
    ChannelBinner(2, energy=cube["energy"].values),
    SpectrumMLPRegressor(max_epochs=20, random_state=0),
)
model.fit(to_samples(cube).values, to_samples(truth))

# %%
# Save and load
# -------------
#
# All of it goes into one file: the steps, the network's weights, the energy axis, the line groups,
# the versions of the packages.
from skxrf.persistence import load_model, model_info, save_model

folder = Path(tempfile.mkdtemp())
path = folder / "icons.skxrf"
save_model(model, path)
print(f"{path.stat().st_size / 1000:.0f} kB")

# %%
# The content of a file is read without loading it.
info = model_info(path)
print(" > ".join(info.steps))
print(", ".join(info.line_groups))
print(f"{info.n_channels} channels, {info.energy_range[0]:.2f} to {info.energy_range[1]:.2f} keV")
print(info.versions)

# %%
# The loaded model knows its axis and its line groups, and predicts the same, to the last bit.
from skxrf.plotting import ElementMapDisplay

again = load_model(path)
maps = predict_maps(again, cube)
print("the same:", bool((maps == predict_maps(model, cube)).all()))
ElementMapDisplay.from_maps(
    maps, elements=["Ca_K", "Fe_K", "Hg_L", "Pb_L"], percentiles=(1, 99), n_columns=4
)

# %%
# Malicious and damaged files
# ---------------------------
#
# **A pickle.** This one would make a file when it is opened; it could as well delete your files. It is
# refused: the error says what it is.
import pickle

from skxrf.exceptions import ModelFileError


class Trap:
    """What pickle calls on opening: here ``Path.touch``, to see whether it was called."""

    def __reduce__(self):
        """Name the call."""
        return Path.touch, (folder / "it ran",)


def try_to_load(file):
    """Load, and tell why not."""
    try:
        load_model(file)
    except ModelFileError as error:
        print(str(error).replace(str(folder), "..."))


hostile = folder / "hostile.skxrf"
hostile.write_bytes(pickle.dumps(Trap()))
try_to_load(hostile)
print("did it run?", (folder / "it ran").exists())

# %%
# **A damaged file**, of which one byte differs, or the end is missing.
content = bytearray(path.read_bytes())
content[len(content) // 2] ^= 1
(folder / "damaged.skxrf").write_bytes(content)
try_to_load(folder / "damaged.skxrf")

# %%
# **A forged file.** A checksum does not authenticate the author, and a forger sets it correctly, so the
# content is checked as well. Here the archive inside asks for ``os.system`` in place of a step of the
# Pipeline. Only a short list of types is made from a file, and this is not one of them.
import hashlib
import io
import zipfile

start, _, header, archive = path.read_bytes().split(b"\n", 3)
forged = io.BytesIO()
with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(forged, "w") as new:
    for name in old.namelist():
        data = old.read(name)
        if name == "schema.json":
            data = data.replace(b'"ChannelBinner"', b'"system"')
            data = data.replace(b'"skxrf.preprocessing._binning"', b'"os"')
        new.writestr(old.getinfo(name), data)
body = header + b"\n" + forged.getvalue()
checksum = hashlib.sha256(body).hexdigest().encode()
(folder / "forged.skxrf").write_bytes(b"\n".join([start, checksum, body]))
try_to_load(folder / "forged.skxrf")

# %%
# What cannot be saved
# --------------------
#
# The same list applies to saving. A function of your own exists on your computer only, so saving
# refuses it.
from sklearn.preprocessing import FunctionTransformer


def halved(X):
    """Halve the counts."""
    return X / 2


try:
    save_model(make_pipeline(FunctionTransformer(halved), *model[1:]), folder / "own.skxrf")
except ModelFileError as error:
    print(error)

# %%
# A forged model can still predict nonsense: compare its maps with a fit. The list of estimators
# and the layout of the file: :doc:`/user_guide/models`.
import shutil

shutil.rmtree(folder)
