"""Noise of an empty scanner: drawn from measured background frames, and backgrounds that drift."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast.data.noise.arguments import array_of, spectra_of
from mpifast.data.noise.draws import Coloured, Draw, Drift, Picked, Rows
from mpifast.data.noise.factor import cholesky
from mpifast.data.noise.model import Noise, noise_of
from mpifast.physics.linear_system import LinearSystem

MEANS = ("subtract", "keep")


def measured(
    background_frames: Any,
    method: str = "gaussian",
    *,
    mean: str = "subtract",
    shrinkage: float = 0.0,
    snr_db: float | None = None,
) -> Noise:
    """Noise as background frames have it: spectra of the scanner without tracer.

    Parameters
    ----------
    background_frames : array_like
        complex[frames, rows] or float[frames, equations], in the order of the system's rows and in the unit of the
        spectra: ``read_mdf(path).background(system)``.
    method : {"gaussian", "bootstrap"}, optional
        "gaussian": normal numbers with the covariance of the frames. Of fewer frames than equations it has the rank
        frames - 1: sample i is z (frames - their mean) / sqrt(frames - 1) with standard normals z [frames], at a cost
        of frames x equations. "bootstrap": one of the frames, each equally likely.
    mean : {"subtract", "keep"}, optional
        Whether the mean of the frames is subtracted, as from spectra whose background is corrected, or part of the
        noise.
    shrinkage : float, optional
        Of "gaussian", from 0 to 1: the covariance is (1 - shrinkage) times that of the frames plus shrinkage times its
        diagonal. Without it a few frames leave most directions free of noise, and a network learns to look only there;
        0.1 to 0.5 is usual for fewer frames than equations.
    snr_db : float, optional
        Scale the noise to this signal-to-noise ratio of root mean squares over all equations.

    Returns
    -------
    Noise
        For `mpifast.Spectra`.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or range, or there are fewer than two frames; where the noise meets a
        system, if the frames have another number of rows.

    References
    ----------
    Schaefer, Strimmer, A shrinkage approach to large-scale covariance matrix estimation, Stat. Appl. Genet. Mol. Biol.
    4, 32 (2005): the diagonal as target.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> frames = np.random.default_rng(1).normal(size=(50, 200))  # in place of measured ones
    >>> spectra = mpifast.Spectra(system, noise=mpifast.noise.measured(frames, shrinkage=0.2))
    >>> print(f"{spectra.noise_level:.1f}")
    1.0
    """
    method = check.choice("method", method, ("gaussian", "bootstrap"))
    keep = check.choice("mean", mean, MEANS) == "keep"
    shrinkage = check.number("shrinkage", shrinkage, low=0.0, high=1.0)
    if shrinkage and method == "bootstrap":
        raise ValueError(f"shrinkage={shrinkage} is of method='gaussian': leave it out")
    frames = array_of("background_frames", background_frames, columns="rows or equations", least=2)
    options: dict[str, Any] = {"background_frames": frames, "method": method, "mean": mean}
    if method == "bootstrap":
        return noise_of("measured", options, functools.partial(_bootstrap, frames, keep), snr_db)
    return noise_of(
        "measured", {**options, "shrinkage": shrinkage}, functools.partial(_gaussian, frames, keep, shrinkage), snr_db
    )


def drifting(
    background: Any,
    drift: float = 1.0,
    *,
    length: int = 1000,
    kind: str = "random",
    mean: str = "subtract",
    snr_db: float | None = None,
) -> Noise:
    """A background spectrum whose strength moves from sample to sample: ``background (1 + drift d(i))``.

    Parameters
    ----------
    background : array_like
        complex[rows] or float[equations] in the unit of the spectra; or [n, ...] for patterns that move independently
        (if random), such as the difference of two backgrounds.
    drift : float, optional
        How strongly it moves, as a part of the background.
    length : int, optional
        Samples.
    kind : {"random", "linear"}, optional
        "random": d has the mean 0, the mean square 1 and the correlation exp(-(i - j)^2 / (2 length^2)), within 0.02 up
        to a distance of five lengths and 0.06 up to twenty: a sum of 32 cosines whose phases follow from the seed.
        "linear": d rises from 0 to 1 over ``length`` samples and begins anew, as after each empty measurement.
    mean : {"subtract", "keep"}, optional
        "subtract": only what moves, ``background drift d(i)``; "keep": the background itself too.
    snr_db : float, optional
        Scale it to this signal-to-noise ratio of root mean squares over all equations.

    Returns
    -------
    Noise
        For `mpifast.Spectra`, most often beside other noise.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range; where the noise meets a system, if the background has
        another number of rows.

    Examples
    --------
    >>> import mpifast, numpy as np
    >>> system = mpifast.linear_system([[1.0, 0.0], [0.0, 1.0]])
    >>> slow = mpifast.noise.drifting([1.0, 2.0], 0.5, length=4, kind="linear")
    >>> print(slow.draw(system, seed=7, samples=[0, 1, 2, 4]))
    [[0.    0.   ]
     [0.125 0.25 ]
     [0.25  0.5  ]
     [0.    0.   ]]
    >>> mpifast.noise.white(20.0) + slow
    white(snr_db=20.0) + drifting(background=..., drift=0.5, length=4, kind='linear', mean='subtract')
    """
    patterns = array_of("background", background, columns="rows or equations", promote=True)
    size = check.number("drift", drift, low=0.0)
    length = check.integer("length", length, low=2, high=2**53)
    kind = check.choice("kind", kind, ("random", "linear"))
    constant = 1.0 if check.choice("mean", mean, MEANS) == "keep" else 0.0
    options = {"background": patterns, "drift": size, "length": length, "kind": kind, "mean": mean}
    return noise_of("drifting", options, functools.partial(_drifting, patterns, constant, size, length, kind), snr_db)


def _gaussian(frames: np.ndarray, keep: bool, shrinkage: float, system: LinearSystem) -> tuple[Draw, ...]:
    spectra = spectra_of("background_frames", frames, system)
    count, equations = spectra.shape
    middle = spectra.mean(axis=0)
    factor = (spectra - middle) / np.sqrt(count - 1)
    variance = np.einsum("fe,fe->e", factor, factor)
    triangular = count > equations
    if triangular:
        from mpifast._compiled.jit import thread_count
        from mpifast.physics.forward import product

        covariance = product(np.ascontiguousarray(factor.T), factor, thread_count(None))
        factor = cholesky(0.5 * (covariance + covariance.T), "the covariance of background_frames")
    offset = middle if keep else np.zeros(equations)
    found = Coloured(factor * np.sqrt(1.0 - shrinkage), offset, triangular)
    return (found, Rows(np.sqrt(shrinkage * variance))) if shrinkage else (found,)


def _bootstrap(frames: np.ndarray, keep: bool, system: LinearSystem) -> tuple[Draw, ...]:
    spectra = spectra_of("background_frames", frames, system)
    return (Picked(spectra if keep else spectra - spectra.mean(axis=0)),)


def _drifting(
    patterns: np.ndarray, constant: float, size: float, length: int, kind: str, system: LinearSystem
) -> tuple[Draw, ...]:
    return (Drift(spectra_of("background", patterns, system), constant, size, length, kind),)
