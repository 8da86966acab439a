"""Prediction of the maps of a cube of any size straight to a file, in runs that can be resumed."""

from __future__ import annotations

import datetime
import hashlib
import os
import pickle
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import joblib
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from skxrf import __version__
from skxrf.exceptions import Argument, SkxrfError
from skxrf.inference._binding import bind_with_drift, read_once
from skxrf.inference._blocks import PredictionPlan, make_plan, predict_block
from skxrf.inference._predict_maps import (
    as_maps,
    block_sizes,
    checked_cube,
    checked_params,
    predict_lazily,
)
from skxrf.inference._store import Maps, PartialMaps
from skxrf.utils.progress import ProgressReport
from skxrf.utils.threads import single_threaded_blas
from skxrf.utils.validation import input_files

__all__ = ["MapsRun", "differences", "identity_of", "predict_maps_to_file"]


@dataclass(frozen=True)
class MapsRun:
    """Summary of a finished run of :func:`predict_maps_to_file`.

    Parameters
    ----------
    path : Path
        The file of the maps.
    line_groups : tuple of str
        The maps in it.
    shape : tuple of int
        Rows and columns.
    n_resumed : int
        Pixels that an earlier run had finished.
    per_second : float
        Spectra per second of this run.
    estimator : object
        The estimator that predicted them, bound to the cube.
    """

    path: Path
    line_groups: tuple[str, ...]
    shape: tuple[int, int]
    n_resumed: int
    per_second: float
    estimator: Any = field(repr=False)


def predict_maps_to_file(
    estimator: Any,
    cube: xr.DataArray,
    path: str | os.PathLike[str],
    *,
    elements: Sequence[str] | None = None,
    return_std: bool = False,
    batch_size: int | Literal["auto"] = "auto",
    progress: bool = False,
    predict_params: Mapping[str, xr.DataArray] | None = None,
    restart: bool = False,
    finish: Callable[[Maps], Maps] | None = None,
) -> MapsRun:
    """Predict the element maps of a cube into a file; interrupted runs resume.

    Neither the cube nor the maps need fit into memory. Blocks are written to a file
    ``<path>.partial`` as they are finished, through to the disk; `path` appears when all are.
    If the process ends before, the same call resumes there, and the maps are those of an
    uninterrupted run to the last bit.

    Parameters
    ----------
    estimator : object with a method ``predict``
        As for :func:`predict_maps`. One that implements
        :class:`skxrf.inference.protocol.BindsToPainting` is bound to the cube once, for all blocks.
    cube : DataArray of dims (y, x, energy)
        Counts >= 0. A lazy cube is read chunk by chunk, a few at a time, and is never whole in
        memory.
    path : str or path-like
        The file; its suffix is one of :func:`skxrf.io.save_maps`. For ``.nc`` and
        ``.h5`` memory is bounded by the blocks, for others the maps are kept in memory once.
    elements : sequence of str, optional
        Line groups, as for :func:`predict_maps`.
    return_std : bool
        Whether to ask the estimator for standard errors as well.
    batch_size : int or "auto"
        Largest number of spectra passed to ``predict`` at once.
    progress : bool
        Whether to show the progress on standard error.
    predict_params : mapping of str to DataArray of dims (y, x), optional
        Values per pixel that ``predict`` takes by keyword.
    restart : bool
        Whether to begin anew where an earlier run left finished blocks.
    finish : callable, optional
        Function of the whole maps, a DataArray or with `return_std` a Dataset, that is called once
        when all blocks are finished; `path` contains the maps that it returns. They are then in
        memory. If the process ends before `path` is written, the same call only has to finish.

    Returns
    -------
    MapsRun
        What was written, and how fast.

    Raises
    ------
    SkxrfError
        If an earlier run left finished blocks of another cube, model or other options: the
        message names the difference. Further as :func:`predict_maps`; finished blocks are kept.
    OSError
        If the file cannot be written. Finished blocks are kept.
    KeyboardInterrupt
        After Ctrl-C, with a message that states how much is kept.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn.linear_model import Ridge
    >>> from skxrf.datasets import make_painting
    >>> from skxrf.inference import predict_maps_to_file
    >>> from skxrf.samples import to_samples
    >>> cube, maps = make_painting((8, 8), random_state=0)
    >>> model = Ridge().fit(to_samples(cube).values, to_samples(maps))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = predict_maps_to_file(
    ...         model, cube, pathlib.Path(folder, "maps.nc"), elements=list(maps["element"].values)
    ...     )
    >>> run.shape
    (8, 8)
    """
    cube = checked_cube(cube)
    # The folder first, so that a long fit of the painting is not made for one that is missing.
    PartialMaps(path).check(input_files(cube))
    partial = None if restart else PartialMaps.resume(path)
    try:
        # On a cluster the workers read.
        here = cube.chunks is not None and _cluster() is None
        counts = read_once(estimator, cube) if here else cube
        bound, drift = bind_with_drift(estimator, counts)
        plan = make_plan(bound, cube, elements, return_std, batch_size, drift)
        params = checked_params(predict_params, cube)
        blocks = _Blocks(plan, counts, params, cube.chunks)
        identity = identity_of(plan, cube, params) | {"blocks": blocks.described}
        if partial is not None:
            _require_same(partial, identity)
        else:
            template = np.broadcast_to(
                np.zeros((), plan.dtype),
                (*cube.shape[:2], len(plan.line_groups), 1 + plan.return_std),
            )
            partial = PartialMaps.create(
                path, as_maps(template, plan, cube), blocks.sizes, identity
            )
        return _fill(partial, blocks, progress, finish)
    finally:
        if partial is not None:
            partial.close()


def _require_same(partial: PartialMaps, identity: Mapping[str, str]) -> None:
    differing = differences(partial.identity, identity)
    if differing:
        raise SkxrfError(
            f"{partial.path} contains {partial.n_pixels:,} finished pixels of another run, from which "
            f"this one cannot go on: {'; '.join(differing)}. Start over with ",
            Argument("restart", True),
            ", or name another output.",
        )


class _Blocks:
    """The blocks of a cube: a grid, and a function for each that reads and predicts it."""

    def __init__(
        self,
        plan: PredictionPlan,
        cube: xr.DataArray,
        params: Mapping[str, xr.DataArray],
        chunks: tuple[tuple[int, ...], ...] | None = None,
    ) -> None:
        self.plan, self.cube, self.params = plan, cube, params
        self.tasks: Any = None
        if cube.chunks is not None:
            lazy = predict_lazily(plan, cube, params)
            self.sizes = (lazy.chunks[0], lazy.chunks[1])
            # Once for all blocks: making the graph takes longer than predicting one of them.
            self.tasks = lazy.to_delayed().reshape(lazy.numblocks[:2])
        elif chunks is not None:
            self.sizes = chunks[0], chunks[1]
        else:
            self.sizes = block_sizes(cube.sizes["y"], cube.sizes["x"], plan.batch_size)
        self.starts = [np.concatenate([[0], np.cumsum(sizes)]) for sizes in self.sizes]

    @property
    def described(self) -> str:
        """Sizes, as a text that only the same blocks give."""
        return " x ".join(
            f"{len(sizes)} of {sizes[0]}" if len(set(sizes[:-1])) <= 1 else str(sizes)
            for sizes in self.sizes
        )

    def predicted(
        self, places: list[tuple[int, int]]
    ) -> Iterator[tuple[tuple[int, int], NDArray[Any]]]:
        """Predict blocks in any order, on a cluster where dask computes on one."""
        client = None if self.tasks is None else _cluster()
        if client is None:
            return _computed(self.predict, places, _n_threads())
        return _computed_on(client, {place: self.tasks[place] for place in places})

    def predict(self, row: int, column: int) -> NDArray[Any]:
        """Read and predict one block, in whatever thread."""
        if self.tasks is not None:
            return np.asarray(self.tasks[row, column].compute(**_scheduler()))
        y, x = (
            slice(int(starts[k]), int(starts[k + 1]))
            for starts, k in zip(self.starts, (row, column), strict=True)
        )
        pixels = {"y": y, "x": x}
        block = self.cube.isel(pixels).to_numpy()
        values = [param.isel(pixels).to_numpy() for param in self.params.values()]
        with single_threaded_blas():
            return predict_block(
                block,
                *values,
                plan=self.plan,
                names=tuple(self.params),
                origin=(y.start, x.start),
            )


def _scheduler() -> dict[str, str]:
    """Keywords of dask's compute: in this thread, unless a cluster or scheduler was chosen."""
    from dask.base import get_scheduler

    chosen: Any = get_scheduler()  # type: ignore[no-untyped-call]
    return {} if chosen is not None else {"scheduler": "synchronous"}


def _cluster() -> Any:
    """Return the client of the cluster that dask computes on, if it computes on one."""
    from dask.base import get_scheduler

    client = getattr(get_scheduler(), "__self__", None)  # type: ignore[no-untyped-call]
    return client if hasattr(client, "scheduler_info") else None


def _computed_on(
    client: Any, tasks: Mapping[tuple[int, int], Any]
) -> Iterator[tuple[tuple[int, int], NDArray[Any]]]:
    """Compute blocks on a cluster: all are sent at once, with the model once for all of them.

    What a worker had that ends is computed by the others.
    """
    from dask.distributed import KilledWorker, as_completed

    futures = dict(zip(client.compute(list(tasks.values())), tasks, strict=True))
    try:
        finished = as_completed(list(futures), loop=client.loop, with_results=True)  # type: ignore[no-untyped-call]
        for future, values in finished:
            yield futures.pop(future), values
    except KilledWorker as error:
        raise SkxrfError(
            f"the cluster's workers ended again and again at the same block ({error}): give them "
            "more memory. Finished blocks are kept, and the same call goes on from there."
        ) from error
    finally:
        client.cancel(list(futures))


def _n_threads() -> int:
    import dask.config

    wanted = dask.config.get("num_workers", None)
    if wanted is not None:
        return max(1, int(wanted))
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    # Each thread keeps a block of counts and what a model makes of it: more of them would not fit
    # into a small part of a laptop's memory.
    return min(available or 1, 8)


def _fill(
    partial: PartialMaps,
    blocks: _Blocks,
    progress: bool,
    finish: Callable[[Maps], Maps] | None,
) -> MapsRun:
    plan, (n_y, n_x) = blocks.plan, blocks.cube.shape[:2]
    n_resumed = partial.n_pixels
    missing = [(int(i), int(j)) for i, j in np.argwhere(~partial.finished)]
    report = ProgressReport(n_y * n_x, "predicting maps", enabled=progress, done=n_resumed)
    try:
        with report:
            for place, values in blocks.predicted(missing):
                partial.write(*place, values)
                report.advance(values.shape[0] * values.shape[1])
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_kept(partial, n_y)) from None
    except SkxrfError:
        if not partial.finished.any():
            partial.discard()
        raise
    try:
        partial.complete(finish)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_kept(partial, n_y)) from None
    return MapsRun(
        path=partial.target,
        line_groups=plan.line_groups,
        shape=(n_y, n_x),
        n_resumed=n_resumed,
        per_second=report.per_second,
        estimator=plan.estimator,
    )


def _kept(partial: PartialMaps, n_rows: int) -> str:
    return (
        f"interrupted: {partial.n_rows:,} of {n_rows:,} rows are finished and kept in "
        f"{partial.path}. The same command goes on from there."
    )


def _computed(
    predict: Callable[[int, int], NDArray[Any]], places: list[tuple[int, int]], n_threads: int
) -> Iterator[tuple[tuple[int, int], NDArray[Any]]]:
    """Predict blocks side by side, no more of them at once than there are threads and one."""
    waiting = iter(places)
    running: dict[Future[NDArray[Any]], tuple[int, int]] = {}
    pool = ThreadPoolExecutor(n_threads)
    try:
        while True:
            while len(running) <= n_threads and (place := next(waiting, None)) is not None:
                running[pool.submit(predict, *place)] = place
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            # Successful blocks first, so that they are kept when another failed.
            for future in sorted(done, key=lambda one: one.exception() is not None):
                yield running.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def identity_of(
    plan: PredictionPlan, cube: xr.DataArray, params: Mapping[str, xr.DataArray]
) -> dict[str, str]:
    """Describe all inputs that determine the maps.

    Parameters
    ----------
    plan : PredictionPlan
        The model, the line groups, the options.
    cube : DataArray of dims (y, x, energy)
        The cube.
    params : mapping of str to DataArray
        Values per pixel that go to the model.

    Returns
    -------
    dict of str to str
        A text for each input, by a name that error messages use; the same input gives the same
        text. Counts in memory are hashed. Lazy ones are known by some of them and by dask's name
        for all, which contains size and time of change of the files that the library's readers
        read.
    """
    n_y, n_x, n_channels = cube.shape
    energy = cube["energy"].to_numpy() if "energy" in cube.coords else np.arange(0.0)
    options = {
        "standard errors": plan.return_std,
        "batch size": plan.batch_size,
        "dtype": str(plan.dtype),
        "settings of scikit-learn": sorted(plan.config.items()),
    }
    return {
        "cube": f"{n_y} x {n_x} pixels, {n_channels} channels, {cube.dtype}, counts "
        f"{_counts(cube)}",
        "cube's file": _file_state(cube.attrs.get("source")),
        "energy axis": _digest(energy),
        "drift of the axis": "none" if plan.drift is None else plan.drift.describe(),
        "model": f"{type(plan.estimator).__name__} {_model_digest(plan.estimator)}",
        "line groups": ", ".join(plan.line_groups),
        "options": ", ".join(f"{name}: {value}" for name, value in options.items()),
        "values per pixel": ", ".join(
            f"{name} {_digest(values.to_numpy())}" for name, values in params.items()
        ),
        "version of skxrf": __version__,
    }


def differences(old: Mapping[str, Any], new: Mapping[str, str]) -> list[str]:
    """Name the inputs in which two fingerprints differ.

    Returns
    -------
    list of str
        One part of a sentence each; empty if they are equal.
    """
    found = []
    for name in {**old, **new}:
        was, is_now = str(old.get(name, "unknown")), str(new.get(name, "unknown"))
        if was != is_now:
            found.append(f"the {name} ({was} then, {is_now} now)")
    return found


def _counts(cube: xr.DataArray) -> str:
    if cube.chunks is None:
        return _digest(cube.to_numpy())
    # Pixels down and across of a lazy cube whose counts are read for its fingerprint.
    rows, columns = (
        np.unique(np.linspace(0, cube.sizes[dim] - 1, 8).astype(int)) for dim in ("y", "x")
    )
    # Whole rows: a lazy cube then reads no others of their blocks.
    some = [cube.isel(y=row).to_numpy()[columns] for row in rows]
    return f"{_digest(np.stack(some))}, {cube.data.name}"


def _file_state(source: object) -> str:
    path = None if source is None else Path(str(source))
    if path is None or not path.is_file():
        return "none"
    state = path.stat()
    changed = datetime.datetime.fromtimestamp(state.st_mtime_ns / 1e9, datetime.UTC)
    return f"{path.name}, {state.st_size} bytes, changed {changed.isoformat()}"


def _model_digest(estimator: Any) -> str:
    try:
        return str(joblib.hash(estimator, hash_name="sha1"))[:16]
    except (TypeError, ValueError, AttributeError, RecursionError, pickle.PicklingError):
        # An object that cannot be pickled is like no other one: there is nothing to go on with.
        return uuid.uuid4().hex[:16]


def _digest(array: Any) -> str:
    digest = hashlib.sha256()
    # Row by row, as a cube in another order would be copied otherwise.
    for row in np.atleast_1d(array):
        digest.update(row.tobytes())
    return digest.hexdigest()[:16]
