"""Files of formats that are not read, by their first bytes, and the way to one that is."""

from __future__ import annotations

from pathlib import Path

from skxrf.exceptions import FileFormatError

# First bytes, in lower case where they are a text; what they mean; what to do.
_FORMATS: tuple[tuple[bytes | tuple[bytes, ...], str, str], ...] = (
    (b"\x1f\x8b", "is compressed by gzip", "Unpack it first"),
    (b"bzh", "is compressed by bzip2", "Unpack it first"),
    (b"\xfd7zxz", "is compressed by xz", "Unpack it first"),
    (b"pk\x03\x04", "is a ZIP archive, as .npz and packed Zarr stores are", "Unpack it first"),
    (
        b"\x93numpy",
        "is a bare array of NumPy's, without axes and units",
        "Give it both, xr.DataArray(np.load(path), dims=..., coords=...), and save that by save_cube or save_maps",
    ),
    (
        (b"cdf\1", b"cdf\2", b"cdf\5"),
        "is netCDF of version 3",
        "Convert it: nccopy -k nc4 old.nc new.nc, or xr.open_dataset(old).to_netcdf(new, engine='h5netcdf')",
    ),
    (b"matlab 5.0", "is a MATLAB file of version 5", "Save it with the option -v7.3"),
    (b"version https://git-lfs", "is a pointer of Git LFS, not the file", "Fetch it: git lfs pull"),
    ((b"<!doctype html", b"<html"), "is a web page", "Download the file itself"),
)


def refuse_other_formats(path: Path, head: bytes) -> None:
    """Refuse a file or folder of a known format that is not read.

    `head`: first bytes of a file.
    """
    start = head.lstrip().lower()
    found = [(what, remedy) for magic, what, remedy in _FORMATS if start.startswith(magic)]
    if path.is_dir() and any(
        (path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray")
    ):
        # HyperSpy's stores are no data sets of xarray's.
        of_hyperspy = path.suffix.lower() == ".zspy"
        remedy = (
            "Save it by HyperSpy, hs.load(old).save('scan.hspy')"
            if of_hyperspy
            else "Save it as netCDF, xr.open_zarr(old).to_netcdf('scan.nc', engine='h5netcdf')"
        )
        found = [("is a Zarr store", remedy)]
    if found:
        what, remedy = found[0]
        raise FileFormatError(f"{path} {what}, which is not read. {remedy}.")
