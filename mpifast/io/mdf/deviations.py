"""How real files deviate from MDF v2.1, and how they are read all the same: older names, version 1, missing axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast.io.mdf.format import DATA, FIELDS

# Other names of a dataset, tried in this order: drafts of version 2, the Open MPI data, and version 1.
OTHER_NAMES = {
    "/time": ("/date",),
    "/experiment/number": ("/study/experiment",),
    "/experiment/description": ("/study/description",),
    "/experiment/subject": ("/study/subject",),
    "/experiment/isSimulation": ("/study/isSimulation", "/study/simulation"),
    "/scanner/name": ("/scanner/model",),
    "/tracer/injectionTime": ("/tracer/time",),
    "/acquisition/startTime": ("/acquisition/time",),
    "/acquisition/numAverages": ("/acquisition/receiver/numAverages", "/acquisition/drivefield/averages"),
    "/acquisition/numFrames": ("/measurement/numFrames",),
    "/acquisition/numPeriodsPerFrame": ("/acquisition/numPeriods", "/acquisition/numPatches"),
    "/acquisition/drivefield/cycle": ("/acquisition/drivefield/period",),
    "/acquisition/receiver/unit": ("/measurement/unit",),
    "/acquisition/receiver/dataConversionFactor": ("/measurement/dataConversionFactor",),
    DATA: ("/measurement/dataTD", "/measurement/dataFD", "/calibration/dataFD"),
    "/measurement/isFastFrameAxis": ("/measurement/isTransposed",),
    "/measurement/isFramePermutation": ("/measurement/isFramePermution",),
    "/calibration/snr": ("/calibration/snrFD",),
    "/calibration/offsetFields": ("/calibration/offsetField",),
}
# What a file means that does not say it.
DEFAULTS = {
    "/acquisition/numAverages": 1,
    "/acquisition/numPeriodsPerFrame": 1,
    "/acquisition/receiver/unit": "a.u.",
    "/calibration/order": "xyz",
    "/calibration/fieldOfViewCenter": np.zeros(3),
}


def other_names(name: str) -> list[str]:
    """All names to try for a dataset of the format, its own first."""
    names = [name, *OTHER_NAMES.get(name, ())]
    return names + [other.replace("/drivefield/", "/driveField/") for other in names if "/drivefield/" in other]


def default_flag(name: str, data_name: str) -> int:
    """A flag of /measurement that a file leaves out: what version 1 means by the name of its data, otherwise 0."""
    calibration = data_name.startswith("/calibration")
    set_in_version_1 = {
        "isFourierTransformed": data_name.endswith("FD"),
        "isFastFrameAxis": calibration,
        "isFramePermutation": calibration,
        "isBackgroundCorrected": calibration,
    }
    return int(set_in_version_1.get(name.rsplit("/", 1)[1], False))


@np.errstate(all="ignore")
def repaired(name: str, value: Any) -> Any:
    """A value as the table has it, where type or shape are near enough: whole floats, arrays of one for scalars, axes
    of one left out.

    Raises
    ------
    ValueError
        If it is something else.
    """
    field = FIELDS.get(name)
    if field is None or field.shape == "data":
        return value
    axes = [] if field.shape == "-" else field.shape.split(",")
    array = np.asarray(value)
    text = array.dtype.kind in "OU"
    if text != (field.kind == "string"):
        raise ValueError(f"it is {'text' if text else 'a number'}, expected {field.kind}")
    if array.dtype.kind == "c" and field.kind != "complex":
        raise ValueError(f"it is complex, expected {field.kind}")
    if not axes and array.size != 1:
        raise ValueError(f"its shape is {list(array.shape)}, expected a scalar")
    if field.kind.startswith("int") and array.dtype.kind == "f":
        if not (np.isfinite(array).all() and (array == np.round(array)).all() and (np.abs(array) < 2**53).all()):
            raise ValueError("it is not a whole number")
        array = array.astype(np.int64)
    elif field.kind.startswith("int"):
        array = array.astype(np.int64)
    elif field.kind == "float64":
        array = array.astype(np.float64)
    return (
        array.reshape(-1)[0] if text and not axes else array.item() if not axes else _with_axes(name, array, len(axes))
    )


def _with_axes(name: str, array: np.ndarray, axes: int) -> np.ndarray:
    if name == "/acquisition/gradient" and array.ndim < 4:
        return _gradient(array)
    if array.ndim > axes:
        raise ValueError(f"its shape is {list(array.shape)}, expected {axes} axes")
    if (name == "/acquisition/drivefield/strength" and array.ndim == 1) or (
        name == "/acquisition/drivefield/phase" and array.ndim == 1
    ):
        return array.reshape(1, -1, 1)  # the drive channels, not the frequencies
    if name in ("/calibration/snr", "/acquisition/drivefield/customWaveform", "/acquisition/receiver/transferFunction"):
        return array.reshape((1,) * (axes - array.ndim) + array.shape)
    if name == "/acquisition/offsetField" and array.ndim < 3:
        return array.reshape(-1, 1, array.shape[-1] if array.ndim else 1)
    return array.reshape(array.shape + (1,) * (axes - array.ndim))


def _gradient(array: np.ndarray) -> np.ndarray:
    """[J, Y, 3, 3] from one gradient [3] or [3, 3], or one a period [J, 3] or [J, 3, 3]."""
    if array.shape[-2:] == (3, 3):
        return array.reshape(-1, 1, 3, 3)
    if array.ndim not in (1, 2) or array.shape[-1] != 3:
        raise ValueError(f"its shape is {list(array.shape)}, expected [J,Y,3,3]")
    return np.eye(3) * array.reshape(-1, 1, 1, 3)
