"""Pictures of maps."""

import imageio.v3
import numpy as np
import pytest
import xarray as xr
from PIL import Image

from skxrf.exceptions import FileFormatError
from skxrf.io import open_maps, save_maps


def make_maps(values, element=("Fe_K",)):
    values = np.asarray(values, np.float32)
    values = values[..., None] if values.ndim == 2 else values
    return xr.DataArray(
        values,
        dims=("y", "x", "element"),
        coords={"element": list(element)},
        attrs={"units": "counts"},
    )


def test_a_picture_is_grey_in_16_bits_with_its_scale(tmp_path):
    values = np.linspace(0, 200, 5000).reshape(50, 100)

    save_maps(make_maps(values), tmp_path / "iron.png")

    with Image.open(tmp_path / "iron.png") as image:
        assert (image.mode, image.size) == ("I;16", (100, 50))
        text = image.text
        grey = np.asarray(image)
    assert (text["Title"], text["units"], float(text["black"])) == ("Fe_K", "counts", 0.0)
    white = float(text["white"])
    assert white == pytest.approx(np.percentile(values, 99.9), rel=1e-6)
    assert text["Description"].startswith(f"Fe_K: black is 0 counts, white {white:.9g} counts")
    # The nearest of 65536 steps, but for the brightest thousandth.
    expected = np.minimum(values, white)
    np.testing.assert_allclose(grey / 65535 * white, expected, atol=white / 65535)


def test_a_folder_has_a_picture_for_each_map(tmp_path):
    maps = make_maps(np.random.default_rng(0).poisson(9, (4, 6, 2)), ["Fe_K", "Pb_L"])

    save_maps(
        maps.to_dataset(name="intensity").assign(uncertainty=maps), f"{tmp_path}/p/", format="png"
    )

    assert sorted(one.name for one in (tmp_path / "p").iterdir()) == ["Fe_K.png", "Pb_L.png"]
    lead = imageio.v3.imread(tmp_path / "p" / "Pb_L.png")
    assert (lead.shape, lead.dtype) == ((4, 6), np.uint16)
    brightest = np.unravel_index(np.argmax(maps[..., 1].to_numpy()), (4, 6))
    assert lead[brightest] == 65535


@pytest.mark.parametrize(
    ("values", "grey", "black", "white"),
    [
        ([[-10, 0], [0, 10]], [[0, 32768], [32768, 65535]], -10, 10),
        ([[np.nan, np.inf], [0, 4]], [[0, 65535], [0, 65535]], 0, 4),
        ([[0, 0]], [[0, 0]], 0, 1),
        ([[np.nan, np.nan]], [[0, 0]], 0, 1),
        ([[5, 5]], [[65535, 65535]], 0, 5),
        ([[-2, -2]], [[0, 0]], -2, -1),
    ],
)
def test_the_scale(tmp_path, values, grey, black, white):
    save_maps(make_maps(values), tmp_path / "map.png")

    with Image.open(tmp_path / "map.png") as image:
        assert float(image.text["black"]) == black
        assert float(image.text["white"]) == pytest.approx(white, rel=1e-2)
        np.testing.assert_allclose(np.asarray(image).astype(int), grey, atol=50)


def test_a_single_hot_pixel_leaves_the_rest_visible(tmp_path):
    values = np.full((100, 100), 10.0)
    values[3, 4] = 1e6

    save_maps(make_maps(values), tmp_path / "map.png")

    assert np.median(imageio.v3.imread(tmp_path / "map.png")) == 65535


def test_several_maps_need_a_folder_and_names_a_file_can_have(tmp_path):
    maps = make_maps(np.ones((2, 3, 2)), ["Fe_K", "Pb_L"])

    with pytest.raises(
        FileFormatError, match=r'got 2.*save_maps\(maps, "pictures/", format="png"\)'
    ):
        save_maps(maps, tmp_path / "maps.png")
    for name in ("a/b", "..", "a:b", " Fe_K"):
        odd = maps.assign_coords(element=[name, "Pb_L"])
        for chosen in ("png", "tiff"):
            with pytest.raises(FileFormatError, match="cannot name a file"):
                save_maps(odd, f"{tmp_path}/out/", format=chosen)
    assert not list(tmp_path.iterdir())


def test_pictures_are_not_opened_as_maps(tmp_path):
    save_maps(make_maps(np.ones((2, 3))), tmp_path / "map.png")

    with pytest.raises(FileFormatError, match=r"map\.png is a picture.*hold no intensities"):
        open_maps(tmp_path / "map.png")
