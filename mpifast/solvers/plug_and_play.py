"""Plug and play: any denoiser takes the place of a penalty."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any, Literal, overload

import numpy as np

from mpifast import _validation as check
from mpifast.solvers import solution as common
from mpifast.solvers.equations import Equations
from mpifast.solvers.iteration import iterate, options, together, warn_unconverged
from mpifast.solvers.solution import Solution

PRODUCTS, ACCURACY = 10, 1e-3  # conjugate gradients in an iteration: most steps, and when the residual is small enough
SHARE = 0.1  # alpha that is chosen, relative


@overload
def plug_and_play(
    system: Any, u: Any, denoiser: Callable[[Any], Any], alpha: Any = ..., strength: float = ...,
    nonnegative: bool = ..., iterations: int = ..., tolerance: float = ..., relative: bool = ..., weights: Any = ...,
    full_output: Literal[False] = ..., progress: bool | None = ...,
) -> np.ndarray: ...  # fmt: skip
@overload
def plug_and_play(
    system: Any, u: Any, denoiser: Callable[[Any], Any], alpha: Any = ..., strength: float = ...,
    nonnegative: bool = ..., iterations: int = ..., tolerance: float = ..., relative: bool = ..., weights: Any = ...,
    *, full_output: Literal[True], progress: bool | None = ...,
) -> Solution: ...  # fmt: skip
@overload
def plug_and_play(
    system: Any, u: Any, denoiser: Callable[[Any], Any], alpha: Any = ..., strength: float = ...,
    nonnegative: bool = ..., iterations: int = ..., tolerance: float = ..., relative: bool = ..., weights: Any = ...,
    full_output: bool = ..., progress: bool | None = ...,
) -> np.ndarray | Solution: ...  # fmt: skip
def plug_and_play(
    system: Any,
    u: Any,
    denoiser: Callable[[Any], Any],
    alpha: Any = None,
    strength: float = 1.0,
    nonnegative: bool = True,
    iterations: int = 30,
    tolerance: float = 1e-2,
    relative: bool = False,
    weights: Any = None,
    full_output: bool = False,
    progress: bool | None = None,
) -> np.ndarray | Solution:
    """Images by plug and play: ADMM whose second step is any denoiser.

    From z = v = 0 an iteration is::

        c  = argmin ||W (S c - u)||^2 + alpha ||c - z + v||^2        # conjugate gradients, from the last c
        x  = c + v;  low, range = min(x), max(x) - min(x)
        z  = x + strength (low + range denoiser((x - low) / range) - x)
        z  = max(z, 0)                                               # if nonnegative
        v += c - z

    and z is the image. The first step makes the image fit the data, the stronger the smaller alpha is; the denoiser
    gets images between 0 and 1, as most denoisers expect. If it is the proximal map of a penalty, z tends to a minimum;
    for other denoisers no such result is known, and the change in the last iteration is the only measure.

    Parameters
    ----------
    system : SystemMatrix, LinearSystem or array_like
        The system. It needs a grid.
    u : array_like
        Spectra: complex[n, rows], or float[n, equations] in the order of `LinearSystem.real`.
    denoiser : callable or torch.nn.Module
        Takes an image float64[*grid.shape] and returns one of the same shape: the functions of `skimage.restoration`,
        `scipy.ndimage.gaussian_filter` with its options bound, or your own function. A PyTorch module takes and returns
        tensors float32[1, 1, *grid.shape], on the device of its parameters and without gradients; call its ``eval()``
        first.
    alpha : float or array_like, optional
        Weight of the denoised image, in the unit of squared singular values: one number, or float[n] one for each
        spectrum. None: 0.1 ||W S||_F^2 / voxels.
    strength : float, optional
        From 0, no denoising, to 1, as lambda of PlugAndPlay in RegularizedLeastSquares.jl.
    nonnegative : bool, optional
        Whether negative values become zero.
    iterations : int, optional
        Largest number of iterations.
    tolerance : float, optional
        A spectrum has converged when an iteration changes its image by at most this fraction of the image's norm. 0:
        exactly ``iterations``, without a warning.
    relative : bool, optional
        Whether ``alpha`` is a multiple of ||W S||_F^2 / voxels, as lambda is in MPIReco.jl.
    weights : "energy" or array_like, optional
        Weights W, as for `mpifast.kaczmarz`.
    full_output, progress
        As for `mpifast.kaczmarz`.

    Returns
    -------
    ndarray or Solution
        float64[n, voxels].

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, shape or range, or not finite, the system has no grid, or the denoiser
        returns anything other than a finite image of the grid.

    Warns
    -----
    ConvergenceWarning
        If an image still changed in the last of ``iterations``.

    References
    ----------
    Venkatakrishnan, Bouman and Wohlberg, IEEE GlobalSIP 2013; Askin et al., Med. Image Anal. 2022 (for MPI); Boyd et
    al., Found. Trends Mach. Learn. 3:1, 2011 (ADMM).

    Examples
    --------
    >>> import mpifast
    >>> from scipy.ndimage import median_filter
    >>> scanner = mpifast.LissajousScanner(mpifast.Grid((12, 12), (24e-3, 24e-3)))
    >>> system = mpifast.system_matrix(scanner, mpifast.Particle(25e-9), level=1e-2)
    >>> block = system.image([[0.0] * 144])
    >>> block[0, 3:8, 4:9] = 1.0
    >>> u = system.spectra(block.reshape(1, -1), dtype="float64", snr_db=40.0)
    >>> image = system.image(mpifast.plug_and_play(system, u, lambda x: median_filter(x, 3), tolerance=0.0))[0]
    >>> bool(image[4:7, 5:8].min() > 0.8), bool(image[:2].max() < 0.1)
    (True, True)
    """
    given = common.problem(system, u, full_output, progress, weights)
    shape = common.grid_shape(given, "plug_and_play")
    iterations, tolerance, nonnegative = options(iterations, tolerance, nonnegative)
    strength = check.number("strength", strength, low=0.0, high=1.0)
    denoise = image_function(denoiser, shape)
    if alpha is None:
        check.flag("relative", relative)
    alphas = common.strength(SHARE if alpha is None else alpha, relative or alpha is None, given)
    assert alphas is not None
    equations, (n, voxels) = given.equations, (len(given.data), given.equations.shape[1])
    pull = equations.adjoint(given.data).astype(np.float64)
    fitted, images, slack = np.zeros((n, voxels)), np.zeros((n, voxels)), np.zeros((n, voxels))

    def one(k: int) -> float:
        """An iteration of a spectrum: how much its image changes."""
        fitted[k] = _ridge(equations, pull[k] + alphas[k] * (images[k] - slack[k]), alphas[k], fitted[k])
        noisy = fitted[k] + slack[k]
        low, span = noisy.min(), np.ptp(noisy)
        scaled = (noisy - low) / (span if span > 0.0 else 1.0)
        clean = low + span * denoise(scaled.reshape(shape)).ravel()
        after = noisy + strength * (clean - noisy)
        after = np.maximum(after, 0.0) if nonnegative else after
        change, size = np.linalg.norm(after - images[k]), np.linalg.norm(after)
        images[k] = after
        slack[k] += fitted[k] - after
        return float(change / size) if size > 0.0 else (np.inf if change > 0.0 else 0.0)

    def step(first: int, history: np.ndarray) -> None:
        for before, now in itertools.pairwise(history):
            for k in np.flatnonzero(before > tolerance):
                now[k] = one(int(k))

    work = 2 * PRODUCTS * n * equations.shape[0] * voxels
    run = iterate("plug and play", step, n, n, iterations, tolerance, together(work), progress, bool(full_output))
    meaning = "the last iteration changed an image by {:.2g} times its norm"
    warn_unconverged("plug_and_play", run, tolerance, iterations, meaning, "raise iterations, alpha or tolerance")
    return common.solution(given, images, alphas, run, full_output)


def _ridge(equations: Equations, right: np.ndarray, alpha: float, image: np.ndarray) -> np.ndarray:
    """The image c of ((W S)^T W S + alpha) c = right float64[voxels], by conjugate gradients from another image."""

    def product(direction: np.ndarray) -> np.ndarray:
        found: np.ndarray = equations.adjoint(equations.forward(direction[None]))[0] + alpha * direction
        return found

    rest = right - (product(image) if image.any() else 0.0)
    direction, square = rest, rest @ rest
    enough = ACCURACY**2 * (right @ right)
    for _ in range(PRODUCTS):
        if square <= enough:
            break
        steep = product(direction)
        step = square / (direction @ steep)
        image = image + step * direction
        rest = rest - step * steep
        square, before = rest @ rest, square
        direction = rest + square / before * direction
    return image


def image_function(denoiser: Any, shape: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    """A denoiser as a function from images float64[*shape] to such images, which it checks."""
    if not callable(denoiser):
        raise TypeError(f"denoiser must be a function of an image, or a PyTorch module, got {check.brief(denoiser)}")
    name = getattr(denoiser, "__name__", type(denoiser).__name__)
    torch: Any = sys.modules.get("torch")
    module = torch is not None and isinstance(denoiser, torch.nn.Module)

    def by_module(image: np.ndarray) -> Any:
        parameter = next(denoiser.parameters(), None)
        device = None if parameter is None else parameter.device
        with torch.inference_mode():
            found = denoiser(torch.as_tensor(image[None, None], dtype=torch.float32, device=device))
        if not isinstance(found, torch.Tensor) or found.shape[:2] != (1, 1):
            raise ValueError(
                f"denoiser {name} returned {getattr(found, 'shape', type(found).__name__)}:"
                f" it must return a tensor of shape {(1, 1, *shape)}"
            )
        return found[0, 0].cpu().numpy()

    def function(image: np.ndarray) -> np.ndarray:
        found = check.real_array(f"what denoiser {name} returns", (by_module if module else denoiser)(image))
        if found.shape != shape:
            raise ValueError(f"denoiser {name} returned an image of shape {found.shape}: it must keep {shape}")
        return check.finite(f"what denoiser {name} returns", found.astype(np.float64))

    return function
