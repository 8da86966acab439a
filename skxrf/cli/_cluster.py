"""Option ``--cluster``: a dask cluster that computes instead of this machine."""

from __future__ import annotations

import click

# Seconds that a scheduler has to answer.
_PATIENCE = 10


_ADDRESS = "skxrf.cluster"


def _keep(context: click.Context, parameter: click.Parameter, address: str | None) -> None:
    """Keep the address until the command runs: no line of a command connects when it is parsed."""
    context.meta[_ADDRESS] = address


def connect_cluster() -> None:
    """Make the cluster of the command's line the place where dask computes, until it ends."""
    context = click.get_current_context()
    address = context.meta.get(_ADDRESS)
    if address is None:
        return
    import dask.config
    from dask.distributed import Client

    try:
        # A client that found no scheduler would stay dask's default.
        client = Client(  # type: ignore[no-untyped-call]
            address, timeout=_PATIENCE, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise click.BadParameter(
            f"no dask scheduler answers at {address} ({error}): start one with `dask scheduler`, "
            "workers with `dask worker ADDRESS`, and give the address that the scheduler prints.",
            context,
            param_hint="--cluster",
        ) from error
    context.with_resource(client)
    context.with_resource(dask.config.set(scheduler=client))


cluster_option = click.option(
    "--cluster",
    metavar="ADDRESS",
    expose_value=False,
    callback=_keep,
    help="Compute on the dask cluster with this scheduler, such as tcp://scheduler:8786; its "
    "workers must find the cube under the same path.",
)
