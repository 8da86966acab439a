"""Limits of what is read and allocated on the word of a file."""

from __future__ import annotations

from dataclasses import dataclass

from skxrf.exceptions import FileFormatError


@dataclass(frozen=True)
class FileLimits:
    """Limits beyond which a file is damaged, or is not of the format that it seems to have."""

    # Cubes and their axes.
    axes: int = 5  # of counts in HDF5: scans, detectors, rows, columns, channels
    detectors: int = 16  # of one scanner; an axis of so few values may well be theirs
    axis_length: int = 10**7  # a hundred meters in steps of 10 µm
    cube_values: int = 10**13  # some hundred times those of the largest scans known
    position_mm: float = 1e7  # position from which on none is real [mm]

    # Values beside the counts.
    names: int = 1000  # members of a group that are looked at
    positions: int = 1 << 25  # positions that are read, of all motors together
    values: int = 1 << 20  # of one dataset: no axis and no list of names is longer
    value_bytes: int = 1 << 22  # of one value, such as a text of fixed length
    coordinate_bytes: int = 1 << 28  # of all coordinates of a cube together
    group_depth: int = 50  # groups within groups; the time to look through them grows with its cube
    link_depth: int = 10  # virtual datasets of virtual datasets
    chunk_bytes: int = 512 * 2**20  # of a chunk, which is read and unpacked whole
    chunks: int = 1 << 22  # chunks that are looked at one by one

    # Headers, texts and containers.
    xml_bytes: int = 1 << 28  # of an XML text; a project seen has 63 MB, a header of maps 34 MB
    xml_tags: int = 1_000_000  # of the XML of a spectrum
    spectrum_bytes: int = 1 << 26  # of a file of one spectrum, which has some kilobytes
    spectra_bytes: int = 1 << 28  # of a text file of many spectra
    channels: int = 1 << 20  # of a spectrum in XML
    header_bytes: int = 1 << 20  # of a header of EDF, filled up to a multiple of 512 bytes
    small_header_bytes: int = 100_000  # of a header of Ripple, which has a few hundred bytes
    fewest_lines: int = 16  # of a spectrum in columns
    fewest_channels: int = 8  # of a spectrum in a table of spectra
    header_lines: int = 100  # before the first number of a table
    name_length: int = 256  # of a name of Datamuncher; longer ones are data
    images: int = 100_000  # in one file of EDF
    image_bytes: int = 1 << 31  # of images beside the counts; a mosaic has some megabytes
    block_bytes: int = 1 << 28  # of a compressed block of Bruker's, half a MiB in those seen
    entries: int = 1000  # files in a container of Bruker's, a handful in those seen

    # Values of a map in a damaged file.
    compression: int = 2000
    """Ratio of values to stored bytes from which on nobody wrote the values: deflate, the
    strongest of the usual filters, reaches about 1000 to 1 (RFC 1951)."""
    always_allowed: int = 2**28  # bytes of values that are allocated in any case


@dataclass(frozen=True)
class ReadSizes:
    """Amounts that are read at a time."""

    block_bytes: int = 8 * 2**20
    """Bytes of one block: large enough that opening the file for each costs nothing, small enough
    that one for each thread, as float32 with what a model makes of it, fits a laptop."""
    largest_block_bytes: int = 256 * 2**20  # of a block where chunks of the file are long
    row_bytes: int = 1 << 26  # of a part of a row of a .bcf; longer rows are read in parts
    timed_pixels: int = 10**8  # of a .bcf, up to which live times are kept
    gap: int = 8
    """Spectra of CRONO that are read though no pixel of the block has them, rather than read in
    two pieces."""
    values: int = 1 << 24  # of a dataset that is looked through for blank pixels
    first_pixels_bytes: int = 1 << 26  # for a look at the first pixel of each row
    head_bytes: int = 4096  # of a text file of a spectrum, whose header has a few hundred
    heap_bytes: int = 1 << 25  # at the start and the end of a large HDF5 file, where texts are


LIMITS = FileLimits()
READ = ReadSizes()


def refuse_absurd_size(nbytes: int, stored: int, where: str) -> None:
    """Refuse to allocate what a header claims [bytes] and the file cannot hold."""
    if nbytes > LIMITS.always_allowed and nbytes > LIMITS.compression * stored:
        raise FileFormatError(
            f"{where} claims {nbytes} bytes of values, but the file has only {stored} for them: it "
            "is damaged, or was never written to its end."
        )
