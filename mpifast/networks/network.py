"""Feedforward networks that turn a spectrum into an image."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mpifast import _validation as check
from mpifast._compiled.jit import thread_count
from mpifast._compiled.products import aligned_zeros, lanes, padded
from mpifast.networks import _network_layout as layout
from mpifast.networks import _network_loops as loops
from mpifast.networks import network_file, reduction, whitening
from mpifast.networks.checkpoint import Checkpoint
from mpifast.networks.scaling import MODES, Scaling
from mpifast.networks.training import Callback, History, Trainer
from mpifast.physics.system_matrix import SystemMatrix

ACTIVATIONS = ("sigmoid", "linear")
RECIPES = ("paper", "fast")
MAX_UNITS = 65_536
MAX_BYTES = 2**32  # of weights


class Network:
    """A fully connected network with sigmoid or linear units, trained by the generalised delta rule.

    Parameters
    ----------
    inputs, outputs : int
        Harmonics in, voxels out.
    hidden : int or sequence of int, optional
        Units of the hidden layers.
    activation : {"sigmoid", "linear"} or sequence of these, optional
        Of all layers, or of each (hidden layers first, the outputs last).
    scaling : {"harmonic", "global", "sample", "standard", "none"} or Scaling, optional
        Scaling of the inputs, measured on the first training set (`mpifast.networks.scaling.Scaling.measure`), or one
        measured before. It lives in the network: `fit` and `predict` take raw spectra.
    bias : bool, optional
        Whether units have a bias; the paper's have none.
    dtype : {"float32", "float64"}, optional
        Type of weights and images.
    seed : int, optional
        Seed of the initial weights and of shuffling.
    weight_range : float, optional
        Initial weights are uniform in +-``weight_range``.

    Raises
    ------
    TypeError, ValueError
        If a parameter is of the wrong type or out of range.

    References
    ----------
    Chae 2017, eqs. (6) to (8).

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7)[:1000]
    >>> network = mpifast.Network(inputs=200, outputs=129, seed=1)
    >>> history = network.fit(u, c, epochs=3)
    >>> network.predict(u[:5]).shape
    (5, 129)
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        hidden: Any = (),
        activation: Any = "sigmoid",
        scaling: str | Scaling = "harmonic",
        bias: bool = False,
        dtype: Any = "float32",
        seed: int = 0,
        weight_range: float = 0.5,
    ) -> None:
        layers = [hidden] if isinstance(hidden, (int, np.integer)) else check.sequence("hidden", hidden)
        sizes = {"inputs": inputs, **{f"hidden[{i}]": size for i, size in enumerate(layers)}, "outputs": outputs}
        self.units = tuple(check.integer(name, size, low=1, high=MAX_UNITS) for name, size in sizes.items())
        self.activations = _activations(activation, len(layers) + 1)
        self.scaling = _fixed_scaling(scaling, self.inputs)  # None: the first fit measures it
        self.scaling_mode = self.scaling.mode if self.scaling else check.choice("scaling", scaling, MODES)
        self.bias = check.flag("bias", bias)
        self.dtype = check.float_dtype("dtype", dtype)
        self.seed = check.seed("seed", seed)
        self.weight_range = check.number("weight_range", weight_range, low=0.0, high=1e6)
        size = math.prod(self._shape) * self.dtype.itemsize
        if size > MAX_BYTES:
            raise ValueError(
                f"a network of units {self.units} takes {size / 2**30:.0f} GiB, the limit is {MAX_BYTES >> 30}: use narrower layers"
            )
        self.epochs_trained = 0
        self.system: str | None = None  # fingerprint of the system it was trained for, if that is known
        random = np.random.Generator(np.random.Philox(self.seed))
        shapes = [(units, before + self.bias) for before, units in zip(self.units[:-1], self.units[1:], strict=True)]
        self._net = self._padded([random.uniform(-self.weight_range, self.weight_range, shape) for shape in shapes])

    @property
    def inputs(self) -> int:
        """Spectrum values a sample."""
        return self.units[0]

    @property
    def outputs(self) -> int:
        """Voxels an image."""
        return self.units[-1]

    @property
    def weights(self) -> list[np.ndarray]:
        """Weights of each layer, dtype[units, inputs], first layer first (copies)."""
        return [parameters[:, : parameters.shape[1] - self.bias].copy() for parameters in self._parameters]

    @property
    def biases(self) -> list[np.ndarray]:
        """Bias of each layer, dtype[units] (copies); an empty list for a network without."""
        return [parameters[:, -1].copy() for parameters in self._parameters] if self.bias else []

    def __repr__(self) -> str:
        shape = " -> ".join(map(str, self.units))
        options = f"activation={'/'.join(self.activations)}, scaling={self.scaling_mode!r}, bias={self.bias}, dtype={self.dtype.name!r}"
        return f"Network({shape}, {options}, {self.epochs_trained} epochs trained)"

    def fit(
        self,
        spectra: Any,
        phantoms: Any,
        epochs: int | None = None,
        learning_rate: float | Callable[[int], float] | None = None,
        batch_size: int = 1,
        shuffle: bool = False,
        recipe: str = "paper",
        validation: tuple[Any, Any] | None = None,
        callback: Callback | None = None,
        system: SystemMatrix | None = None,
        checkpoint: str | Path | None = None,
        progress: bool | None = None,
        threads: int | None = None,
    ) -> History:
        """Train by gradient descent on the squared residuals (eq. 7).

        A second call goes on from the present weights, with the scaling of the first. Ctrl-C ends the training after
        the last completed epoch: the network keeps its weights and the history says "interrupted".

        Parameters
        ----------
        spectra : array_like
            float[n, inputs], raw: not scaled.
        phantoms : array_like
            [n, outputs], uint8 or float targets.
        epochs : int, optional
            Passes over all samples: the paper's "iterations". 100; 4 in the fast recipe, of which the first does nearly
            all without noise. Four passes or more of one layer over noise-free spectra run in reduced coordinates, the
            same up to rounding: see `mpifast.networks.reduction`.
        learning_rate : float or callable, optional
            The rate, or a function from the epoch (0, 1, ...) to it. 0.5; 0.4**epoch in the fast recipe.
        batch_size : int, optional
            1: the exact per-sample delta rule, the paper's. More: one step with the mean gradient of that many samples.
        shuffle : bool, optional
            Whether each epoch visits the samples in a new order, drawn from the seed; otherwise in the order given.
        recipe : {"paper", "fast"}, optional
            "fast", for networks without a hidden layer: the same rule in coordinates in which the spectra are equally
            strong in all directions, folded back into the weights. One pass does what takes hundreds.
        validation : (spectra, phantoms), optional
            Samples whose mean squared error is measured after each epoch.
        callback : callable, optional
            ``callback(network, history)`` after each epoch; a true result ends the training.
        system : SystemMatrix, optional
            Where the spectra come from. The network keeps its fingerprint and refuses the spectra of another one.
        checkpoint : str or Path, optional
            File that keeps the training, written every few seconds and at the end; `load` reads it as a network. If it
            is there, a training that ended early, by Ctrl-C or a power cut, goes on from it up to ``epochs``, to the
            same bits and with its whole history.
        progress : bool, optional
            Whether to show a progress bar on stderr. None: on a terminal, for trainings of more than two seconds.
        threads : int, optional
            Number of threads; all by default. They share the outputs of a single-layer network; with hidden layers two
            of them share the hidden units, and meet at each sample. The result does not depend on it.

        Returns
        -------
        History
            Errors and durations of each epoch.

        Raises
        ------
        TypeError, ValueError
            If an argument is of the wrong type, shape or range, or not finite; if the network was trained for another
            system, or the checkpoint is of another training.
        FloatingPointError
            If the training diverges; the network keeps the weights of the last finite epoch.

        Warns
        -----
        TrainingWarning
            If the training has stalled: in its second half, twenty epochs or more, the error has not fallen by a
            thousandth.
        """
        self._check_system(system)
        u, c = self._pair("spectra", spectra, "phantoms", phantoms)
        white = check.choice("recipe", recipe, RECIPES) == "fast" and whitening.suits(self, checkpoint)
        learning_rate = learning_rate if learning_rate is not None else whitening.rate if white else 0.5
        epochs = check.integer("epochs", epochs if epochs is not None else whitening.EPOCHS if white else 100)
        batch_size, shuffle, threads = (
            check.integer("batch_size", batch_size, low=1),
            check.flag("shuffle", shuffle),
            thread_count(threads),
        )
        if not callable(learning_rate):
            learning_rate = check.learning_rate(learning_rate)
        if callback is not None and not callable(callback):
            raise TypeError(f"callback must be callable, got {type(callback).__name__}")
        if validation is not None:
            if not isinstance(validation, (tuple, list)) or len(validation) != 2:
                raise TypeError(f"validation must be a pair (spectra, phantoms), got {type(validation).__name__}")
            validation = self._pair("validation[0]", validation[0], "validation[1]", validation[1])
        kept = None
        if checkpoint is not None:
            rate = "function" if callable(learning_rate) else learning_rate
            facts = {
                "learning_rate": rate,
                "batch_size": batch_size,
                "shuffle": shuffle,
                "validation": validation is not None,
            }
            kept = Checkpoint(checkpoint, self, facts, [u, c, *(validation or ())])
        if system is not None:
            self.system = system.fingerprint
        if self.scaling is None:
            self.scaling = Scaling.measure(self.scaling_mode, u)
        if white:
            return whitening.fit(
                self, (u, c), epochs, learning_rate, batch_size, shuffle, validation, callback, progress, threads
            )
        small = len(self.units) == 2 and epochs >= reduction.EPOCHS
        reduced = reduction.Reduction.find(self.scaling, u, c, threads) if small else None
        trainer = Trainer(self, self._samples(u, c), batch_size, shuffle, threads, reduced)
        return trainer.run(epochs, learning_rate, validation, callback, kept, progress)

    def predict(self, spectra: Any, system: SystemMatrix | None = None, threads: int | None = None) -> np.ndarray:
        """Images of raw spectra (eq. 6).

        Parameters
        ----------
        spectra : array_like
            float[n, inputs], not scaled.
        system : SystemMatrix, optional
            Where the spectra come from: refused if the network was trained for another one.
        threads : int, optional
            Number of threads; all by default. The result does not depend on it.

        Returns
        -------
        ndarray
            dtype[n, outputs]; between 0 and 1 for sigmoid outputs.

        Raises
        ------
        TypeError, ValueError
            If ``spectra`` is not a finite real [n, inputs] array, if the network was trained for another system, or has
            not been trained and needs to be: its scaling is measured on the training set.
        """
        self._check_system(system)
        u, threads = self._spectra("spectra", spectra, empty=True), thread_count(threads)
        images = np.empty((len(u), self.outputs), self.dtype)
        loops.predict(self._net, self._samples(u, images), images, threads, threads=threads)
        return images

    def save(self, path: str | Path) -> None:
        """Write weights, scaling and settings to an ``.npz`` file; it appears whole or not at all.

        Parameters
        ----------
        path : str or Path
            File name; an existing file is replaced.

        Examples
        --------
        >>> import mpifast, tempfile
        >>> from pathlib import Path
        >>> network = mpifast.Network(inputs=200, outputs=129, seed=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     network.save(Path(folder) / "net.npz")
        ...     print(mpifast.Network.load(Path(folder) / "net.npz"))
        Network(200 -> 129, activation=sigmoid, scaling='harmonic', bias=False, dtype='float32', 0 epochs trained)
        """
        self._save(check.path("path", path))

    def _save(self, path: Path, training: dict[str, Any] | None = None) -> None:
        scaling = {} if self.scaling is None else {"offset": self.scaling.offset, "factor": self.scaling.factor}
        settings = {**self._settings, "epochs_trained": self.epochs_trained, "system": self.system}
        network_file.write(path, settings, self._parameters, scaling, training)

    @property
    def _settings(self) -> dict[str, Any]:
        """What it was made with."""
        return {
            "units": list(self.units),
            "activations": list(self.activations),
            "scaling": self.scaling_mode,
            "bias": self.bias,
            "dtype": self.dtype.name,
            "seed": self.seed,
            "weight_range": self.weight_range,
        }

    @classmethod
    def load(cls, path: str | Path) -> Network:
        """Read a network written by `save`.

        Parameters
        ----------
        path : str or Path
            File name.

        Returns
        -------
        Network
            Equal to the saved one: further training goes on to the same bits.

        Raises
        ------
        ValueError
            If the file is not a network, is damaged or of a newer format.
        """
        return cls._load(check.path("path", path))[0]

    @classmethod
    def _load(cls, path: Path) -> tuple[Network, dict[str, Any] | None]:
        """The network, and the training it is in if the file is a checkpoint."""
        settings, parameters, scaling, training = network_file.read(path)
        units = settings["units"]
        try:
            network = cls(
                units[0],
                units[-1],
                units[1:-1],
                activation=settings["activations"],
                scaling=settings["scaling"],
                bias=settings["bias"],
                dtype=settings["dtype"],
                seed=settings["seed"],
                weight_range=settings["weight_range"],
            )
            network.epochs_trained = check.integer("epochs_trained", settings["epochs_trained"])
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path} is damaged: {error}") from error
        if scaling:
            network.scaling = Scaling(network.scaling_mode, scaling["offset"], scaling["factor"])
        network.system = settings["system"]
        network._net = network._padded(parameters)
        return network, training

    @property
    def _parameters(self) -> list[np.ndarray]:
        """Weights of each layer, with the bias as last column: dtype[units, inputs + bias] (copies)."""
        sizes = zip(self.units[:-1], self.units[1:], strict=True)
        return [
            self._net.weights[layer, : inputs + self.bias, :units].T.copy()
            for layer, (inputs, units) in enumerate(sizes)
        ]

    @property
    def _shape(self) -> tuple[int, int, int]:
        """Of all weights as one block: each layer is padded to the widest."""
        depth, width = (
            padded(max(units) + self.bias, lanes(self.dtype)) for units in (self.units[:-1], self.units[1:])
        )
        return len(self.units) - 1, depth, width

    def _padded(self, parameters: list[np.ndarray]) -> layout.Net:
        """Weights of each layer as the loops want them."""
        weights = aligned_zeros(self._shape, self.dtype)
        for layer, array in enumerate(parameters):
            units, inputs = array.shape
            weights[layer, :inputs, :units] = array.T
        linear = np.array([name == "linear" for name in self.activations])
        return layout.Net(weights, np.array(self.units, np.int64), linear, int(self.bias))

    def _measured_scaling(self) -> Scaling:
        if self.scaling is None:
            raise ValueError(
                f"the network has not been trained, and its scaling {self.scaling_mode!r} is measured on the training set: call fit first"
            )
        return self.scaling

    def _samples(self, u: np.ndarray, targets: np.ndarray) -> layout.Samples:
        """Checked spectra with the scaling the loops apply to them."""
        scaling = self._measured_scaling()
        offset, factor, gain = (array.astype(self.dtype) for array in (scaling.offset, scaling.factor, scaling.gain(u)))
        return layout.Samples(u, offset, factor, gain, targets)

    def _check_system(self, system: Any) -> None:
        """The system of spectra at hand is that of the training, as far as both are known."""
        if system is not None and check.instance("system", system, SystemMatrix).fingerprint != (
            self.system or system.fingerprint
        ):
            raise ValueError(
                f"the network was trained for the system {self.system}, the spectra are of {system.fingerprint} ({system.scanner}, "
                f"{system.particle}): use the network of that system, or train one"
            )

    def _spectra(self, name: str, value: Any, empty: bool = False) -> np.ndarray:
        return self._converted(name, check.matrix(name, value, self.inputs, what="inputs", empty=empty))

    def _pair(self, name: str, spectra: Any, target_name: str, phantoms: Any) -> tuple[np.ndarray, np.ndarray]:
        """Spectra in the network's type and as many targets, bytes or in that type."""
        u = self._spectra(name, spectra)
        c = check.matrix(target_name, phantoms, self.outputs, what="outputs", rows=len(u))
        return u, np.ascontiguousarray(c, np.uint8) if c.dtype in (np.uint8, np.bool_) else self._converted(
            target_name, c
        )

    def _converted(self, name: str, array: np.ndarray) -> np.ndarray:
        """A checked array in the network's type; what overflows float32 is not finite, and named."""
        with np.errstate(over="ignore"):
            converted = np.ascontiguousarray(array, self.dtype)
        return converted if array.dtype == self.dtype else check.finite(name, converted)


def _fixed_scaling(scaling: Any, inputs: int) -> Scaling | None:
    """A scaling that needs no training set: one given, or one that has nothing to measure."""
    if scaling in ("none", "sample"):
        return Scaling(scaling, np.zeros(inputs), np.ones(inputs))
    if isinstance(scaling, Scaling) and scaling.factor.shape != (inputs,):
        raise ValueError(f"scaling is for {len(scaling.factor)} inputs, the network has {inputs}")
    return scaling if isinstance(scaling, Scaling) else None


def _activations(activation: Any, layers: int) -> tuple[str, ...]:
    names = [activation] * layers if isinstance(activation, str) else check.sequence("activation", activation)
    if len(names) != layers:
        raise ValueError(f"activation has {len(names)} entries, expected {layers}: one a layer, the outputs last")
    return tuple(check.choice("activation", name, ACTIVATIONS) for name in names)
