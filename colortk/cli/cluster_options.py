"""Checks of the options of a Dask cluster."""

from __future__ import annotations


def check_dask_options(backend: str, scheduler: str | None, device: str | None) -> None:
    """Refuse options of a Dask cluster that do not fit together.

    Raises
    ------
    UsageError
        One of ``--backend dask`` and ``--scheduler`` is missing, or ``--device`` is given.
    """
    from colortk.errors import UsageError

    if backend == "dask" and scheduler is None:
        reason = "there is no default scheduler"
        raise UsageError("--backend dask needs --scheduler", reason, "add --scheduler ADDRESS")
    if backend != "dask" and scheduler is not None:
        reason = "the local backend has no scheduler"
        raise UsageError("--scheduler needs --backend dask", reason, "add --backend dask")
    if scheduler is not None and device is not None:
        raise UsageError(
            "--device has no effect with --backend dask",
            "each worker of the cluster has a device of its own",
            "set COLORTK_DEVICE on the workers",
        )
