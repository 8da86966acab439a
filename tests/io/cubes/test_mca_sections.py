"""Spectra of GSECARS (multi-element .mca) and of IAEA (.spe)."""

import numpy as np
import pytest

from skxrf.exceptions import FileFormatError
from skxrf.io import open_cube

COUNTS = np.random.default_rng(9).poisson(20.0, (3, 24))


def gse(counts=COUNTS, *, slope=0.02, more=""):
    n = len(counts)
    keys = [
        "VERSION:    3.1",
        f"ELEMENTS:  {n:14}",
        "DATE:       Sep 24, 2002 12:35:26.000000",
        f"CHANNELS:  {counts.shape[1]:14}",
        f"ROIS:      {' '.join(['0'] * n)}",
        f"REAL_TIME: {' '.join(['10.5'] * n)}",
        f"LIVE_TIME: {' '.join(str(9.0 + i) for i in range(n))}",
        f"CAL_OFFSET: {' '.join(['-0.01'] * n)}",
        f"CAL_SLOPE:  {' '.join([str(slope)] * n)}",
        f"CAL_QUAD:   {' '.join(['0.0'] * n)}",
        'ENVIRONMENT: 13BMD:m1.VAL="4.5" (x: stage)',
        *([more] if more else []),
        "DATA: ",
    ]
    return "\n".join([*keys, *(" ".join(map(str, row)) for row in counts.T), ""]).encode()


def spe(counts=COUNTS[0], *, first=0, calibration="$MCA_CAL:\n3\n-0.01 0.02 0 keV\n"):
    last = first + len(counts) - 1
    numbers = "\n".join(f"{n:8}" for n in counts)
    return (
        "$SPEC_ID:\nicon\n$DATE_MEA:\n09/24/2002 12:35:26\n$MEAS_TIM:\n9 10\n"
        f"$DATA:\n{first} {last}\n{numbers}\n$ROI:\n0\n{calibration}"
    ).encode()


def test_detectors_of_one_point(tmp_path):
    path = tmp_path / "point.mca"
    path.write_bytes(gse())

    with pytest.raises(FileFormatError, match=r"3 detectors \(1, 2, 3\)"):
        open_cube(path)
    cube = open_cube(path, detector="2")
    np.testing.assert_array_equal(cube[0, 0], COUNTS[1])
    np.testing.assert_allclose(cube.energy, -0.01 + 0.02 * np.arange(24))
    np.testing.assert_allclose([cube.live_time[0, 0], cube.real_time[0, 0]], [10.0, 10.5])
    np.testing.assert_array_equal(open_cube(path, detector="sum")[0, 0], COUNTS.sum(0))


@pytest.mark.parametrize(
    "calibration",
    ["$MCA_CAL:\n3\n-10 20 0 eV\n", "$ENER_FIT:\n-0.01 0.02\n", "$MCA_CAL:\n2\n-0.01 0.02\n"],
)
def test_a_spe(tmp_path, calibration):
    path = tmp_path / "point.Spe"
    path.write_bytes(spe(first=4, calibration=calibration))

    cube = open_cube(path)

    np.testing.assert_array_equal(cube[0, 0], COUNTS[0])
    np.testing.assert_allclose(cube.energy, -0.01 + 0.02 * np.arange(4, 28))
    np.testing.assert_allclose([cube.live_time[0, 0], cube.real_time[0, 0]], [9, 10])


@pytest.mark.parametrize(("write", "suffix"), [(gse, "mca"), (spe, "spe")])
def test_a_folder_of_pixels(tmp_path, write, suffix):
    for i in range(6):
        counts = COUNTS[i % 3]
        content = write(counts[None] if write is gse else counts)
        (tmp_path / f"pixel_{i}.{suffix}").write_bytes(content)

    cube = open_cube(tmp_path, shape=(2, 3))

    np.testing.assert_array_equal(cube, np.stack([COUNTS, COUNTS]))
    assert np.isfinite(cube.live_time).all()


@pytest.mark.parametrize(
    "content",
    [
        gse()[:-60],
        gse().replace(b"DATA:", b"ATAD:"),
        spe()[:150],
        spe().replace(b"$DATA", b"$ATAD"),
    ],
)
def test_cut_files_are_refused(tmp_path, content):
    path = tmp_path / "point.mca"
    path.write_bytes(content)

    with pytest.raises(FileFormatError, match="cut short"):
        open_cube(path)


@pytest.mark.parametrize(
    "axis",
    [
        "$ENER_FIT:\n100 20 eV\n",
        "$ener_data:\n3\n0 0,1\n10 0,3\n20 0,5\n",
        "$MCA_CAL:\n2\n100,0 20,0 electronvolt\n",
    ],
)
def test_further_axes_of_spe(tmp_path, axis):
    counts = "\n".join(map(str, range(32)))
    (tmp_path / "a.spe").write_text(f"$spec_id:\nx\n{axis}$DATA:\n0 31\n{counts}\n")

    np.testing.assert_allclose(open_cube(tmp_path / "a.spe").energy, 0.1 + 0.02 * np.arange(32))


def test_detectors_of_several_axes_are_not_added(tmp_path):
    rows = "\n".join("1 2" for _ in range(16))
    head = "VERSION: 3.1\nELEMENTS: 2\nDATE: x\nCHANNELS: 16\nCAL_OFFSET: 0 0\nCAL_SLOPE: .01 .02\n"
    (tmp_path / "a.mca").write_text(f"{head}DATA:\n{rows}\n")
    with pytest.raises(
        FileFormatError, match=r"detectors 1 and 2 differ in size or calibration.*detector="
    ):
        open_cube(tmp_path / "a.mca", detector="sum")
