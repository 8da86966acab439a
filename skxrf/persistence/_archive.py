"""Skops' archive, packed so that the same model gives the same bytes and little is repeated."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from skxrf.exceptions import ModelFileError

SCHEMA = "schema.json"
# The earliest date that a zip can contain: the date of a file is no property of the model.
_DATE = (1980, 1, 1, 0, 0, 0)


def repacked(archive: bytes) -> bytes:
    """Give the members of an archive of skops names and dates that do not change from run to run.

    `archive`: from ``skops.io.dumps``, which calls objects by their addresses in memory. Returns
    the same objects. Arrays are stored as they are, the schema compressed.
    """
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as source,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as target,
    ):
        schema = json.loads(source.read(SCHEMA))
        files: dict[str, str] = {}
        _renumber(schema, {}, files)
        for old, new in files.items():
            target.writestr(zipfile.ZipInfo(new, _DATE), source.read(old))
        text = json.dumps(schema, separators=(",", ":"))
        info = zipfile.ZipInfo(SCHEMA, _DATE)
        target.writestr(info, text, zipfile.ZIP_DEFLATED, compresslevel=9)
    return packed.getvalue()


def _renumber(node: Any, ids: dict[int, int], files: dict[str, str]) -> None:
    """Number objects and their files in the order in which they stand in the schema."""
    if isinstance(node, list):
        for child in node:
            _renumber(child, ids, files)
    if not isinstance(node, dict):
        return
    # A node of skops, not a dict of the model's, whose keys are within "content".
    if "__loader__" in node:
        if "__id__" in node:
            node["__id__"] = ids.setdefault(node["__id__"], len(ids) + 1)
        if isinstance(node.get("file"), str):
            ending = node["file"].rpartition(".")[2]
            node["file"] = files.setdefault(node["file"], f"{len(files)}.{ending}")
    for child in node.values():
        _renumber(child, ids, files)


def check_archive(archive: bytes, where: str) -> None:
    """Raise for an archive that cannot be read, or would unpack to far more than it is long."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            members = opened.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise ModelFileError(
            f"{where} contains no readable archive of a model ({error})."
        ) from error
    stored = 0
    for member in members:
        if member.filename == SCHEMA:
            # A schema is about as long as the source of the model's classes; trees have many nodes,
            # but in arrays. Far more than that is meant to fill the memory.
            too_long = member.file_size > 64 * 2**20
        else:
            stored += member.file_size
            too_long = member.compress_type != zipfile.ZIP_STORED or stored > len(archive)
        if too_long:
            raise ModelFileError(
                f"{where} contains {member.filename}, which would unpack to more than a model has: "
                "it was not made by skxrf.persistence.save_model."
            )
