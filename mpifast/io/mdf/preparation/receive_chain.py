"""The receive chain in the data of a file: what they are divided by to be the voltage, or the moment, of the coil."""

from __future__ import annotations

import numpy as np

from mpifast import _validation as check
from mpifast.io.mdf.data import MdfData
from mpifast.io.mdf.selection import TRANSFER, transfer_function_of

TREATED = ("keep", "divide")
INDUCTION = "/acquisition/receiver/inductionFactor"


def factors_of(file: MdfData, rows: np.ndarray, transfer_function: str, induction_factor: str) -> np.ndarray | None:
    """What the rows of a file are divided by, complex128[rows]; None for nothing.

    Parameters
    ----------
    file : MdfData
        An open file.
    rows : ndarray
        int64[rows]: positions in its [periods, channels, K].
    transfer_function, induction_factor : {"keep", "divide"}
        A file whose data are corrected for the transfer function is not divided by it again.

    Raises
    ------
    ValueError
        If an option is unknown, or the file does not have what the data are to be divided by.
    """
    check.choice("transfer_function", transfer_function, TREATED)
    check.choice("induction_factor", induction_factor, TREATED)
    factors = None
    if transfer_function == "divide" and not file["/measurement/isTransferFunctionCorrected"]:
        factors = transfer_function_of(file, rows)
        if factors is None:
            raise ValueError(
                f"{file.path} has no {TRANSFER} that fits its data, and does not say that they are corrected for it:"
                " use the system with transfer_function='keep'"
            )
    if induction_factor == "divide":
        found = np.asarray(file.get(INDUCTION, np.empty(0)))
        if found.shape != (file.shape[2],) or found.dtype.kind not in "iuf" or not np.isfinite(found).all():
            raise ValueError(
                f"{file.path} has no {INDUCTION} with a number for each of {file.shape[2]} channels: use the system"
                " with induction_factor='keep'"
            )
        channel = rows // len(file.data.bins) % file.shape[2]
        factors = found[channel] + 0j if factors is None else factors * found[channel]
    return factors


def refuse_zeros(file: MdfData, factors: np.ndarray | None) -> None:
    """An error that names the first rows whose factor is zero, or whose reciprocal is not finite."""
    if factors is None:
        return
    with np.errstate(all="ignore"):
        bad = np.flatnonzero(~np.isfinite(1.0 / factors))
    if bad.size:
        raise ValueError(
            f"{file.path}: the transfer or induction factor of {bad.size} chosen rows is zero (row {bad[0]} of"
            f" {len(factors)} is the first): leave them out, e.g. by the selection of"
            " select(transfer_function='divide')"
        )
