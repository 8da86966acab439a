"""Projects of Bruker's, made here after the published description of one."""

import base64
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxrf.exceptions import FileFormatError, SkxrfError
from skxrf.io import open_images, open_maps
from tests.io.cubes.test_bcf import write as write_bcf

RNG = np.random.default_rng(6)
MOSAIC = RNG.integers(0, 256, (3, 5, 8)).astype("u1")
PLANES = RNG.integers(0, 60_000, (4, 3, 7)).astype("<u2")
NAMES = ["Video 1", "Ca-KA", "Si-K", "Pb-MA"]


def image(name, planes, names, step):
    parts = "".join(
        f"<Plane{i}><Description>{one}</Description><Data>"
        f"{base64.b64encode(plane.tobytes()).decode()}</Data></Plane{i}>"
        for i, (one, plane) in enumerate(zip(names, planes, strict=True))
    )
    height, width = planes.shape[1:]
    return (
        f'<ClassInstance Type="TRTImageData" Name="{name}"><ItemSize>{planes.itemsize}</ItemSize>'
        f"<Width>{width}</Width><Height>{height}</Height><PlaneCount>{len(planes)}</PlaneCount>"
        f"<XCalibration>{step}</XCalibration><YCalibration>{step}</YCalibration>{parts}</ClassInstance>"
    )


def rtx(*images, compressor="zlib"):
    payload = f'<CompData><ClassInstance Type="TRTProject" Name="µm">{"".join(images)}</ClassInstance></CompData>'
    packed = base64.b64encode(zlib.compress(payload.encode("cp1252"))).decode()
    return (
        '<?xml version="1.0" encoding="WINDOWS-1252"?>\r\n<TRTProject><RTHeader><ProjectHeader/>'
        f'<RTCompression compressor="{compressor}" encoder="base64"/></RTHeader>'
        f"<RTData>{packed}</RTData>\r\n</TRTProject>\r\n"
    ).encode("cp1252")


WHOLE = rtx(
    image("Video Mosaic", MOSAIC, ["", "", ""], "31,308984675955"),
    image("Video Mosaic", MOSAIC, ["", "", ""], "31,308984675955"),
    image("Mapdaten", PLANES, NAMES, "100,5"),
)


@pytest.fixture
def project(tmp_path):
    path = tmp_path / "map.rtx"
    path.write_bytes(WHOLE)
    return path


def test_element_maps(project):
    maps = open_maps(project)

    assert list(maps.element.values) == ["Ca_K", "Si_K", "Pb_M"]
    assert maps.dtype == np.uint16
    np.testing.assert_array_equal(maps.transpose("element", "y", "x"), PLANES[1:])
    np.testing.assert_allclose(maps.x, 0.1005 * np.arange(7))
    assert maps.attrs["title"] == "Mapdaten"


def test_pictures(project):
    images = open_images(project)

    assert list(images) == ["Video Mosaic", "Video Mosaic 2", "Mapdaten"]
    np.testing.assert_array_equal(images["Video Mosaic"].transpose("plane", "y", "x"), MOSAIC)
    np.testing.assert_allclose(images["Video Mosaic"].y, 0.031308984675955 * np.arange(5))
    assert list(images["Mapdaten"].plane.values) == NAMES


def test_images_of_a_map(tmp_path):
    counts = np.ones((3, 4, 12), np.uint16)
    path = write_bcf(tmp_path, counts, times=np.arange(12).reshape(3, 4))

    images = open_images(path)

    assert list(images) == ["PixelTimes"]
    np.testing.assert_array_equal(images["PixelTimes"][..., 0], np.arange(12).reshape(3, 4))


def test_real_maps_hold_their_images(real_data):
    images = open_images(real_data / "bruker_bcf" / "bcf_v2_50x50px.bcf")

    assert [one.shape for one in images.values()] == [(50, 50, 2), (50, 50, 1), (825, 1100, 1)]


def test_files_that_are_not_projects(tmp_path):
    path = tmp_path / "map.rtx"
    path.write_bytes(rtx(image("Mosaic", MOSAIC, ["", "", ""], 0)))
    with pytest.raises(FileFormatError, match="holds no element maps"):
        open_maps(path)
    path.write_bytes(rtx(compressor="lzma"))
    with pytest.raises(FileFormatError, match="expected zlib in base64"):
        open_maps(path)
    path.write_bytes(rtx(image("Mosaic", MOSAIC, ["", "", ""], 0).replace("<Width>8", "<Width>9")))
    with pytest.raises(FileFormatError, match="plane 0 of the image 'Mosaic'"):
        open_images(path)
    path.write_bytes(b"text")
    with pytest.raises(FileFormatError, match=r"neither a \.rtx nor a \.bcf"):
        open_images(path)


@given(share=st.floats(0, 0.99), flip=st.booleans())
def test_damaged_projects_are_refused(tmp_path_factory, share, flip):
    content = bytearray(WHOLE)
    at = int(share * len(content))
    if flip:
        content[at] ^= 1
    else:
        del content[at:]
    path = tmp_path_factory.getbasetemp() / "damaged.rtx"
    path.write_bytes(content)
    try:
        open_images(path)
    except SkxrfError:
        pass
    else:
        assert flip
