"""MDF files written with h5py and NumPy alone, from the specification: two receive channels, a plane of 7 by 5 voxels,
noise, background.

Nothing of mpifast is used, so what it reads and reconstructs here it has not written itself.
"""

import h5py
import numpy as np

SIZE, FIELD_OF_VIEW, CENTRE = (7, 5, 1), (14e-3, 10e-3, 1e-3), (1e-3, -2e-3, 0.0)
GRADIENT, AMPLITUDES, BASE, DIVIDERS, POINTS = np.diag([1.0, 1.0, -2.0]), (9e-3, 8e-3), 2.5e6, (96, 100), 2400
BACKGROUNDS, NOISE, BETA = 4, 1e-7, 1500.0
PHANTOM = np.zeros((5, 7))
PHANTOM[1:4, 2] = 1.0
PHANTOM[3, 3:6] = 0.5


def centres(axis):
    cells = np.arange(1, SIZE[axis] + 1)
    return CENTRE[axis] + FIELD_OF_VIEW[axis] / 2 * (-1 + (2 * cells - 1) / SIZE[axis])


def voltages():
    """Signal of a unit sample in each voxel, x fastest: float64[voxels, 2 channels, POINTS]."""
    time = np.arange(POINTS) / BASE
    drive = np.stack([a * np.sin(2 * np.pi * BASE / d * time) for a, d in zip(AMPLITUDES, DIVIDERS, strict=True)])
    signals = []
    for y in centres(1):
        for x in centres(0):
            field = np.stack([GRADIENT[0, 0] * x + drive[0], GRADIENT[1, 1] * y + drive[1]])
            strength = np.maximum(np.hypot(*field), 1e-12)
            magnetisation = (1 / np.tanh(BETA * strength) - 1 / (BETA * strength)) * field / strength
            spectrum = np.fft.rfft(magnetisation) * np.arange(POINTS // 2 + 1) * -1e-3j
            signals.append(np.fft.irfft(spectrum, POINTS))
    return np.array(signals)


def common(file, frames, description):
    text = {"version": "2.1.0", "uuid": "3170fdf8-f8e1-4cbf-ac73-41520b41f6ee", "time": "2024-02-29T23:59:58.123"}
    text |= {"study/name": "by hand", "study/uuid": "295258fe-b650-4e5f-96db-b83f11089a6c", "study/description": "none"}
    text |= {
        "experiment/name": "by hand",
        "experiment/uuid": "f96dbc48-1ebd-44c7-b04d-1b45da054693",
        "experiment/description": description,
    }
    text |= {
        "experiment/subject": "two bars",
        "acquisition/startTime": "2024-02-29T23:59:57.000",
        "acquisition/receiver/unit": "V",
    }
    text |= {f"scanner/{name}": "by hand" for name in ("facility", "manufacturer", "name", "operator")} | {
        "scanner/topology": "FFP"
    }
    numbers = {"study/number": 1, "experiment/number": 2, "acquisition/numAverages": 1, "acquisition/numFrames": frames}
    numbers |= {
        "acquisition/numPeriodsPerFrame": 1,
        "acquisition/drivefield/numChannels": 2,
        "acquisition/receiver/numChannels": 2,
    }
    numbers |= {"acquisition/receiver/numSamplingPoints": POINTS}
    for name, value in text.items():
        file[name] = value
    for name, value in numbers.items():
        file[name] = np.int64(value)
    file["experiment/isSimulation"] = np.int8(1)
    file["acquisition/gradient"] = GRADIENT[None, None]
    file["acquisition/offsetField"] = np.zeros((1, 1, 3))
    file["acquisition/drivefield/baseFrequency"] = BASE
    file["acquisition/drivefield/divider"] = np.array(DIVIDERS, np.int64)[:, None]
    file["acquisition/drivefield/cycle"] = POINTS / BASE
    file["acquisition/drivefield/strength"] = np.array(AMPLITUDES)[None, :, None]
    file["acquisition/drivefield/phase"] = np.zeros((1, 2, 1))
    file["acquisition/drivefield/waveform"] = np.array([["sine"], ["sine"]], dtype=h5py.string_dtype())
    file["acquisition/receiver/bandwidth"] = BASE / 2


def flags(file, **true):
    names = (
        "BackgroundCorrected FastFrameAxis FourierTransformed FramePermutation FrequencySelection SparsityTransformed"
    )
    for name in [*names.split(), "SpectralLeakageCorrected", "TransferFunctionCorrected"]:
        file[f"measurement/is{name}"] = np.int8(true.get(name, 0))


def write_system_matrix(path, random):
    """A calibration file with background frames last and the signal-to-noise ratio of every frequency."""
    offset = 1e-4 * random.normal(size=(1, 2, POINTS))  # the empty scanner's own signal
    signal = np.concatenate([voltages(), np.zeros((BACKGROUNDS, 2, POINTS))]) + offset
    signal += NOISE * random.normal(size=signal.shape)
    frames = np.fft.rfft(signal)
    voxels = len(frames) - BACKGROUNDS
    level = np.abs(frames[voxels:] - frames[voxels:].mean(axis=0)).mean(axis=0)
    snr = np.abs(frames[:voxels] - frames[voxels:].mean(axis=0)).mean(axis=0) / level
    with h5py.File(path, "w") as file:
        common(file, len(frames), "calibration")
        flags(file, FastFrameAxis=1, FourierTransformed=1, FramePermutation=1)
        file["measurement/data"] = np.ascontiguousarray(np.moveaxis(frames[:, None], 0, -1))
        file["measurement/isBackgroundFrame"] = (np.arange(len(frames)) >= voxels).astype(np.int8)
        file["measurement/framePermutation"] = np.arange(1, len(frames) + 1)
        file["calibration/method"] = "simulation"
        file["calibration/size"] = np.array(SIZE)
        file["calibration/fieldOfView"] = np.array(FIELD_OF_VIEW)
        file["calibration/fieldOfViewCenter"] = np.array(CENTRE)
        file["calibration/order"] = "xyz"
        file["calibration/snr"] = snr[None]


def write_measurement(path, random, frames=6):
    """A measurement in time as a converter's integers, every third frame without phantom."""
    offset = 1e-4 * random.normal(size=(1, 2, POINTS))
    empty = np.arange(frames) % 3 == 2
    signal = np.einsum("v,vct->ct", PHANTOM.ravel(), voltages())[None] * ~empty[:, None, None] + offset
    signal += NOISE * random.normal(size=signal.shape)
    step = np.abs(signal).max(axis=(0, 2)) / 2**30
    with h5py.File(path, "w") as file:
        common(file, frames, "measurement")
        flags(file)
        file["measurement/data"] = np.round((signal - 0.001) / step[:, None]).astype(np.int32)[:, None]
        file["acquisition/receiver/dataConversionFactor"] = np.stack([step, np.full(2, 0.001)], axis=1)
        file["measurement/isBackgroundFrame"] = empty.astype(np.int8)
    return empty
