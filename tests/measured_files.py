"""Calibration and measurement files as scanners write them, of any numbers, with h5py alone."""

import h5py
import numpy as np

POINTS, BASE = 24, 2.4e6  # the frequencies are multiples of 100 kHz
DIVIDERS = (8, 12)  # three and two periods of the drive field a period


def common(frames, periods, channels, **changes):
    facts = {
        "version": "2.1.0",
        "measurement/isBackgroundFrame": np.zeros(frames, np.int8),
        "acquisition/receiver/numSamplingPoints": np.int64(POINTS),
        "acquisition/receiver/bandwidth": BASE / 2,
        "acquisition/gradient": np.tile(np.diag([1.0, 1.0, -2.0]), (periods, 1, 1, 1)),
        "acquisition/drivefield/baseFrequency": BASE,
        "acquisition/drivefield/divider": np.array(DIVIDERS)[:, None],
        "acquisition/drivefield/strength": np.full((periods, len(DIVIDERS), 1), 12e-3),
    }
    return facts | {name: value for name, value in changes.items() if value is not None}


def store(path, facts):
    with h5py.File(path, "w") as file:
        for name, value in facts.items():
            file[name] = value
    return path


def write_matrix(path, data, size, empty=0, fast=True, **changes):
    """A calibration file of complex[frames, periods, channels, K], the last ``empty`` frames without a sample."""
    frames, periods, channels, _ = data.shape
    facts = {
        "calibration/method": "robot",
        "calibration/size": np.array(size),
        "calibration/fieldOfView": np.array([20e-3, 20e-3, 10e-3]),
        "calibration/order": "xyz",
        "measurement/data": np.ascontiguousarray(np.moveaxis(data, 0, -1)) if fast else data,
        "measurement/isFastFrameAxis": np.int8(fast),
        "measurement/isFourierTransformed": np.int8(np.iscomplexobj(data)),
        "measurement/isBackgroundFrame": (np.arange(frames) >= frames - empty).astype(np.int8),
    }
    changes = {name.replace("__", "/"): value for name, value in changes.items()}
    return store(path, common(frames, periods, channels) | facts | changes)


def write_frames(path, signal, empty=(), **changes):
    """A measurement float[frames, periods, channels, samples] in time; ``empty`` frames are without a sample."""
    frames, periods, channels, _ = signal.shape
    facts = {
        "measurement/data": signal,
        "measurement/isBackgroundFrame": np.isin(np.arange(frames), empty).astype(np.int8),
    }
    changes = {name.replace("__", "/"): value for name, value in changes.items()}
    return store(path, common(frames, periods, channels) | facts | changes)
