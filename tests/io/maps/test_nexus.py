"""Results of fits in NeXus: PyMca's own, and ours in PyMca and silx."""

import json

import h5py
import numpy as np
import pytest
import silx.io
import silx.io.nxdata
import xarray as xr
from PyMca5.PyMcaIO import NexusUtils
from PyMca5.PyMcaPhysics.xrf.ClassMcaTheory import McaTheory
from PyMca5.PyMcaPhysics.xrf.FastXRFLinearFit import FastXRFLinearFit
from PyMca5.PyMcaPhysics.xrf.XRFBatchFitOutput import OutputBuffer

from skxrf.exceptions import FileFormatError, LineGroupError
from skxrf.io import open_maps, save_maps

NEXUS = "NeXus (parameters, uncertainties)"


def lines_on_background(shape):
    """Counts of Fe K-alpha, rising along x, on a flat background, in channels of 20 eV."""
    channels = np.arange(1024)
    line = np.exp(-0.5 * ((channels - 6.4 / 0.02) / 4) ** 2)
    rising = 200 * (1 + np.arange(shape[1]))[:, None]
    expected = np.broadcast_to(20 + rising * line, (*shape, 1024))
    return np.random.default_rng(0).poisson(expected).astype(np.float64)


@pytest.fixture(scope="module")
def pymca_fit(tmp_path_factory):
    """A fit by PyMca, with mass fractions and diagnostics beside its parameters."""
    folder = tmp_path_factory.mktemp("pymca")
    configuration = McaTheory().getConfiguration()
    configuration["peaks"] = {"Fe": ["K"], "Pb": ["L"]}
    configuration["fit"].update(
        energy=[20.0], energyweight=[1.0], energyflag=[1], energyscatter=[1], scatterflag=1,
        xmin=100, xmax=1000, use_limit=1, stripflag=1, stripalgorithm=1, snipwidth=20,
        linearfitflag=1, fitfunction=0,
    )  # fmt: skip
    # Mass fractions are of a layer of chalk.
    configuration["attenuators"]["Matrix"] = [1, "Ca1C1O3", 2.7, 0.01, 45.0, 45.0, 0, 90.0]
    configuration["detector"].update(zero=0.0, gain=0.02, noise=0.1, fano=0.115)
    # Not both at once: with diagnostics, PyMca writes the derivatives over the images of the maps.
    for formats in ({"h5": True, "diagnostics": True}, {"h5": False, "tif": True}):
        buffer = OutputBuffer(outputDir=str(folder), overwrite=True, **formats)
        with buffer.saveContext():
            FastXRFLinearFit().fitMultipleSpectra(
                x=np.arange(1024.0),
                y=lines_on_background((3, 5)),
                configuration=configuration,
                concentrations=1,
                weight=1,
                outbuffer=buffer,
            )
    return folder


def test_a_fit_of_pymca(pymca_fit):
    path = pymca_fit / "IMAGES.h5"
    with h5py.File(path) as file:
        results = file["images/xrf_fit/results"]
        assert {"massfractions", "diagnostics", "parameters"} <= set(results)
        assert "Scatter_Peak000" in results["parameters"]
        iron = results["parameters/Fe_K"][()]
        error = results["uncertainties/Fe_K"][()]

    maps = open_maps(path)

    assert list(maps["element"].to_numpy()) == ["Fe_K", "Pb_L"]
    np.testing.assert_array_equal(maps["intensity"].sel(element="Fe_K"), iron)
    np.testing.assert_array_equal(maps["uncertainty"].sel(element="Fe_K"), error)
    assert np.all(np.diff(iron.mean(axis=0)) > 0), "the iron rises along x"
    attrs = maps["intensity"].attrs
    assert (attrs["units"], attrs["reader"], attrs["source"]) == ("counts", NEXUS, str(path))
    assert attrs["fit_program"] == "pymca"


def test_a_group_of_pymca_by_name(pymca_fit):
    path = pymca_fit / "IMAGES.h5"

    for name in ("/images/xrf_fit", "images/xrf_fit/results/", "images/xrf_fit/results/parameters"):
        xr.testing.assert_equal(open_maps(path, dataset=name), open_maps(path))
    fractions = open_maps(path, dataset="images/xrf_fit/results/massfractions")
    assert isinstance(fractions, xr.DataArray), "there are no uncertainties of mass fractions"
    with pytest.raises(FileFormatError, match=r"no group 'other'.*in it: /images/xrf_fit"):
        open_maps(path, dataset="other")


def test_images_of_pymca_in_a_folder(pymca_fit):
    maps = open_maps(pymca_fit / "IMAGES", elements=["Pb_L", "Fe_K"])

    fitted = open_maps(pymca_fit / "IMAGES.h5")
    np.testing.assert_allclose(maps["intensity"], fitted["intensity"].sel(element=maps.element))
    np.testing.assert_allclose(maps["uncertainty"], fitted["uncertainty"].sel(element=maps.element))


def test_several_fits_are_listed(pymca_fit, tmp_path):
    path = tmp_path / "two.h5"
    path.write_bytes((pymca_fit / "IMAGES.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        file.copy("images/xrf_fit", file["images"], "xrf_fit2")

    with pytest.raises(FileFormatError, match=r"2 groups of maps: /images/xrf_fit, .*dataset="):
        open_maps(path)
    assert open_maps(path, dataset="images/xrf_fit2").sizes["element"] == 2


def test_a_result_of_ewoksfluo(tmp_path):
    """Made by hand after the layout: /results/fit, with axes in mm and mass fractions."""
    path = tmp_path / "out.h5"
    with h5py.File(path, "w") as file:
        process = file.create_group("results/fit")
        process["program"] = "ewoksfluo"
        for name, factor in (("parameters", 1.0), ("uncertainties", 0.1), ("mass_fractions", 9.0)):
            group = process.create_group(f"results/{name}")
            group["Fe_K"] = factor * np.arange(6.0).reshape(2, 3)
            group["Ca_K"] = factor * np.ones((2, 3))
            group.attrs.update(signal="Fe_K", auxiliary_signals=["Ca_K"], axes=["samy", "samx"])
            group["samy"] = [10.0, 20.0]
            group["samx"] = [0.0, 1.0, 2.0]
            group["samy"].attrs["units"] = "um"

    maps = open_maps(path)

    assert list(maps["element"].to_numpy()) == ["Fe_K", "Ca_K"]
    np.testing.assert_array_equal(maps["uncertainty"][..., 0], 0.1 * np.arange(6.0).reshape(2, 3))
    np.testing.assert_allclose(maps.y, [0.01, 0.02])
    assert maps.y.attrs["units"] == "mm"
    np.testing.assert_array_equal(maps.x, [0, 1, 2])


def test_spectra_in_a_row_are_no_map(tmp_path):
    path = tmp_path / "row.h5"
    with h5py.File(path, "w") as file:
        file["images/xrf_fit/results/parameters/Fe_K"] = np.arange(6.0)

    with pytest.raises(FileFormatError, match=r"row\.h5.*no images.*1 lists: spectra in a row"):
        open_maps(path)


def make_maps(dtype=np.float32, **attrs):
    rng = np.random.default_rng(5)
    maps = xr.DataArray(
        rng.normal(100, 50, (4, 6, 3)).astype(dtype),
        dims=("y", "x", "element"),
        coords={
            "y": ("y", 0.1 * np.arange(4), {"units": "mm", "long_name": "down"}),
            "x": ("x", 7.5 + 0.5 * np.arange(6), {"units": "mm"}),
            "element": ["Fe_K", "Pb_L", "S_K"],
        },
        name="intensity",
        attrs={"units": "counts", **attrs},
    )
    return maps.to_dataset().assign(uncertainty=abs(maps) + 1)


@pytest.fixture
def written(tmp_path):
    maps = make_maps(history="fitted", painting="icon")
    save_maps(maps, tmp_path / "maps.nxs")
    return tmp_path / "maps.nxs", maps


@pytest.mark.parametrize("dtype", ["f4", "f8", "u2", "i8"])
def test_the_round_trip_is_exact(tmp_path, dtype):
    maps = make_maps(dtype, history="fitted\nsaved", threshold=0.5, ok=True, plan={"k": [1, None]})
    maps["intensity"][0, 0] = 7
    maps = maps.assign_coords(
        live_time=(("y", "x"), np.ones((4, 6)), {"units": "s"}),
        energy=("element", [6.4, 10.55, 2.31]),
        note=((), "second scan"),
    )
    maps["chisq"] = (("y", "x"), np.arange(24.0).reshape(4, 6))
    maps["line"] = ("element", ["Ka", "La", "Ka"])
    maps.attrs = {"painting": "icon"}

    save_maps(maps, tmp_path / "maps.nxs")
    again = open_maps(tmp_path / "maps.nxs")

    xr.testing.assert_identical(again, maps)
    assert again["intensity"].dtype == dtype


def test_one_array_with_odd_values(tmp_path):
    values = np.array([[[np.nan], [-0.0]], [[np.inf], [1e-45]]], np.float32)
    maps = xr.DataArray(values, dims=("y", "x", "element"), coords={"element": ["odd"]})

    save_maps(maps, tmp_path / "maps.h5", format="nexus")
    again = open_maps(tmp_path / "maps.h5")

    assert list(again["element"].to_numpy()) == ["odd"]
    np.testing.assert_array_equal(again.to_numpy().view(np.uint32), values.view(np.uint32))


def test_chosen_elements_keep_what_belongs_to_them(tmp_path):
    maps = make_maps().assign_coords(energy=("element", [6.4, 10.55, 2.31]))
    save_maps(maps, tmp_path / "maps.nxs")

    again = open_maps(tmp_path / "maps.nxs", elements={"S_K": "sulphur", "Fe_K": "iron"})

    np.testing.assert_array_equal(again["energy"], [2.31, 6.4])
    np.testing.assert_array_equal(again["intensity"], maps["intensity"][..., [2, 0]])
    with pytest.raises(LineGroupError, match=r"no map of Hg_L\. It holds: Fe_K, Pb_L, S_K"):
        open_maps(tmp_path / "maps.nxs", elements=["Hg_L"])


def test_silx_shows_the_maps_at_once(written):
    path, maps = written

    with silx.io.open(str(path)) as file:
        shown = silx.io.nxdata.get_default(file)
        assert shown.is_image
        assert shown.signal_dataset_name == "Fe_K"
        assert shown.auxiliary_signals_dataset_names == ["Pb_L", "S_K"]
        np.testing.assert_array_equal(shown.signal[()], maps["intensity"].sel(element="Fe_K"))
        np.testing.assert_array_equal(shown.auxiliary_signals[1][()], maps["intensity"][..., 2])
        np.testing.assert_array_equal(shown.axes[0][()], maps.y)
        np.testing.assert_array_equal(shown.axes[1][()], maps.x)
        assert shown.signal.attrs["units"] == "counts"
        assert shown.axes[1].attrs["units"] == "mm"
        errors = silx.io.nxdata.NXdata(file["maps/skxrf/results/uncertainties"])
        assert errors.is_valid
        np.testing.assert_array_equal(errors.signal[()], maps["uncertainty"][..., 0])
        for group in ("/", "maps", "maps/skxrf", "maps/skxrf/results"):
            assert silx.io.nxdata.get_default(file[group]) is not None


def test_pymcas_rgb_correlator_finds_the_images(written):
    path, maps = written

    # What its dialogue runs once the user has chosen the group.
    with h5py.File(path) as file:
        group = file["maps/skxrf/results/parameters"]
        found = NexusUtils.selectDatasets(group, match=lambda dataset: dataset.ndim in (1, 2))
        names = [dataset.name.split("/")[-1] for dataset in found]
        values = [dataset[()] for dataset in found]

    assert names == ["Fe_K", "Pb_L", "S_K"]
    np.testing.assert_array_equal(np.stack(values, axis=-1), maps["intensity"])


def test_the_provenance_stands_in_the_file(written):
    path, _ = written

    with h5py.File(path) as file:
        classes = {name: file[name].attrs["NX_class"] for name in ("/", "maps", "maps/skxrf")}
        process = file["maps/skxrf"]
        assert process["program"][()] == b"skxrf"
        assert process["version"][()]
        about = json.loads(process["configuration/data"][()])
    assert classes == {"/": "NXroot", "maps": "NXentry", "maps/skxrf": "NXprocess"}
    assert about["variables"]["intensity"]["attrs"]["history"] == "fitted"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda m: m.assign_coords(element=["a/b", "c", "d"]), "'a/b', which NeXus cannot hold"),
        (lambda m: m.assign_coords(element=["y", "c", "d"]), "'y', which NeXus cannot hold"),
        (lambda m: m.assign(cube=(("y", "channel"), np.ones((4, 9)))), "cannot hold 'cube'"),
        (lambda m: m.assign_coords(y=list("abcd")), "coordinate 'y' holds <U1"),
    ],
)
def test_what_nexus_cannot_hold(tmp_path, wrong, words):
    with pytest.raises(FileFormatError, match=words):
        save_maps(wrong(make_maps()), tmp_path / "maps.nxs")
    assert not list(tmp_path.iterdir())


def test_damage(tmp_path, written):
    path, _ = written
    whole = path.read_bytes()
    for share in (0.9, 0.5, 0.05):
        (tmp_path / "cut.nxs").write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(FileFormatError, match=r"cut\.nxs"):
            open_maps(tmp_path / "cut.nxs")
    for note in ("[]", "{", '{"variables": {"z": 3}}'):
        with h5py.File(path, "r+") as file:
            del file["maps/skxrf/configuration/data"]
            file["maps/skxrf/configuration/data"] = note
        with pytest.raises(FileFormatError, match=r"maps\.nxs.*configuration is damaged"):
            open_maps(path)


def test_images_that_disagree_or_claim_absurd_sizes(tmp_path):
    path = tmp_path / "odd.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("images/xrf_fit/results/parameters")
        group["Fe_K"] = np.zeros((2, 3))
        group["Pb_L"] = np.zeros((3, 2))
    with pytest.raises(
        FileFormatError, match=r"'Pb_L' has the shape \(3, 2\), but 'Fe_K' \(2, 3\)"
    ):
        open_maps(path)
    assert open_maps(path, elements=["Pb_L"]).shape == (3, 2, 1)

    with h5py.File(path, "r+") as file:
        group = file["images/xrf_fit/results/parameters"]
        group.create_dataset("S_K", (10**6, 10**6), "f4", chunks=(64, 64))
    with pytest.raises(FileFormatError, match=r"S_K' claims 4000000000000 bytes.*file has only 0"):
        open_maps(path)

    path = tmp_path / "huge.nc"
    with h5py.File(path, "w") as file:
        file.create_dataset("intensity", (10**6, 10**6, 3), "f4", chunks=(64, 64, 3))
    with pytest.raises(FileFormatError, match=r"'intensity' claims 12000000000000 bytes"):
        open_maps(path)
