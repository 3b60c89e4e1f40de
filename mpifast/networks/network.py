"""Feedforward networks that turn a spectrum into an image."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from mpifast import _validation as check
from mpifast._compiled.jit import thread_count
from mpifast.networks import arguments, network_file
from mpifast.networks.checkpoint import Checkpoint
from mpifast.networks.fast import train_fast
from mpifast.networks.history import History, TrainingWarning
from mpifast.networks.rows import RowMatching
from mpifast.networks.scaling import Scaling
from mpifast.networks.state import Architecture, NetworkState
from mpifast.networks.training import complaints, predict, train

Callback = Callable[["Network", History], Any]


class Network:
    """A fully connected network with sigmoid or linear units, trained by the generalised delta rule.

    Parameters
    ----------
    inputs, outputs : int, optional
        Harmonics in, voxels out; by default those of ``system``.
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
    system : LinearSystem, optional
        The system whose spectra the network is for: it gives ``inputs`` and ``outputs``, and the network keeps its
        fingerprint and what its rows are.

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
        inputs: int | None = None,
        outputs: int | None = None,
        hidden: Any = (),
        activation: Any = "sigmoid",
        scaling: str | Scaling = "harmonic",
        bias: bool = False,
        dtype: Any = "float32",
        seed: int = 0,
        weight_range: float = 0.5,
        system: Any = None,
    ) -> None:
        if system is not None:
            system = arguments.system(system)
            inputs = len(system.equations) if inputs is None else inputs
            outputs = system.voxels if outputs is None else outputs
        layers = [hidden] if isinstance(hidden, (int, np.integer)) else check.sequence("hidden", hidden)
        sizes = {"inputs": inputs, **{f"hidden[{i}]": size for i, size in enumerate(layers)}, "outputs": outputs}
        mode = scaling.mode if isinstance(scaling, Scaling) else scaling
        architecture = Architecture.checked(sizes, activation, mode, bias, dtype, seed, weight_range)
        state = NetworkState.made(architecture, scaling=arguments.fixed_scaling(scaling, architecture.units[0]))
        self._state = arguments.of_system(state, system)

    @classmethod
    def from_state(cls, state: NetworkState) -> Network:
        """A network in a given state.

        Examples
        --------
        >>> import mpifast
        >>> network = mpifast.Network(inputs=14, outputs=11, seed=3)
        >>> mpifast.Network.from_state(network.state).seed
        3
        """
        network = cls.__new__(cls)
        network._state = check.instance("state", state, NetworkState)
        return network

    @property
    def state(self) -> NetworkState:
        """All that the network is now, in one record that never changes: training gives the network another one."""
        return self._state

    @property
    def units(self) -> tuple[int, ...]:
        """Inputs, hidden units of each layer, outputs."""
        return self._state.architecture.units

    @property
    def inputs(self) -> int:
        """Spectrum values a sample."""
        return self.units[0]

    @property
    def outputs(self) -> int:
        """Voxels an image."""
        return self.units[-1]

    @property
    def activations(self) -> tuple[str, ...]:
        """Of each layer, the outputs last."""
        return self._state.architecture.activations

    @property
    def scaling_mode(self) -> str:
        """How the inputs are scaled: one of `mpifast.networks.scaling.MODES`."""
        return self._state.architecture.scaling

    @property
    def scaling(self) -> Scaling | None:
        """Scaling of the inputs; None until the first training measures it."""
        return self._state.scaling

    @property
    def bias(self) -> bool:
        """Whether units have a bias."""
        return self._state.architecture.bias

    @property
    def dtype(self) -> np.dtype:
        """Type of weights and images."""
        return self._state.architecture.dtype

    @property
    def seed(self) -> int:
        """Seed of the initial weights and of shuffling."""
        return self._state.architecture.seed

    @property
    def weight_range(self) -> float:
        """Initial weights are uniform in +- this."""
        return self._state.architecture.weight_range

    @property
    def epochs_trained(self) -> int:
        """Epochs that the weights were trained for, in all calls of `fit`."""
        return self._state.epochs

    @property
    def system(self) -> str | None:
        """Fingerprint of the system that the network is for, if that is known."""
        return self._state.system

    @property
    def weights(self) -> list[np.ndarray]:
        """Weights of each layer, dtype[units, inputs], first layer first (copies)."""
        state = self._state
        return [parameters[:, : parameters.shape[1] - self.bias].copy() for parameters in state.parameters]

    @property
    def biases(self) -> list[np.ndarray]:
        """Bias of each layer, dtype[units] (copies); an empty list for a network without."""
        return [parameters[:, -1].copy() for parameters in self._state.parameters] if self.bias else []

    def __repr__(self) -> str:
        shape = " -> ".join(map(str, self.units))
        options = f"activation={'/'.join(self.activations)}, scaling={self.scaling_mode!r}, bias={self.bias}"
        return f"Network({shape}, {options}, dtype={self.dtype.name!r}, {self.epochs_trained} epochs trained)"

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
        system: Any = None,
        checkpoint: str | Path | None = None,
        progress: bool | None = None,
        threads: int | None = None,
    ) -> History:
        """Train by gradient descent on the squared residuals (eq. 7).

        A second call goes on from the present weights, with the scaling of the first. Ctrl-C ends the training after
        the last completed epoch: network, history and checkpoint are those of that epoch, and the history says
        "interrupted".

        Parameters
        ----------
        spectra : array_like
            float[n, inputs], raw: not scaled; complex spectra [n, rows] if ``system`` is given, here or before.
        phantoms : array_like
            [n, outputs], uint8 or float targets.
        epochs : int, optional
            Passes over all samples: the paper's "iterations". 100; 4 in the fast recipe, of which the first does nearly
            all without noise, or 32 where its first pass does not get close. Four passes or more of one layer over
            noise-free spectra run in reduced coordinates, the same up to rounding: see `mpifast.networks.reduction`.
        learning_rate : float or callable, optional
            The rate, or a function from the epoch (0, 1, ...) to it. 0.5; 0.4**epoch in the fast recipe, times a factor
            that it may choose.
        batch_size : int, optional
            1: the exact per-sample delta rule, the paper's. More: one step with the mean gradient of that many samples.
        shuffle : bool, optional
            Whether each epoch visits the samples in a new order, drawn from the seed; otherwise in the order given.
        recipe : {"paper", "fast"}, optional
            "fast", for networks without a hidden layer: the same rule in coordinates in which the spectra are equally
            strong in all directions, folded back into the weights. One pass does what takes hundreds. Where noise
            forbids equal strength, short trials choose coordinates and rates: see `mpifast.networks.fast`.
        validation : (spectra, phantoms), optional
            Samples whose mean squared error is measured after each epoch.
        callback : callable, optional
            ``callback(network, history)`` after each epoch; a true result ends the training.
        system : LinearSystem or array_like, optional
            Where the spectra come from. The network keeps its fingerprint and what its rows are, and refuses the
            spectra of another one.
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
        OSError
            If the checkpoint cannot be written, which is found out before the training, or another training has it.
        FloatingPointError
            If the training diverges; the network keeps the weights of the last finite epoch.

        Warns
        -----
        TrainingWarning
            If the training was interrupted; if it has stalled: in its second half, twenty epochs or more, the error has
            not fallen by a thousandth; or if after four epochs or more the error over the training set is larger than
            that of the mean of its phantoms.

        Examples
        --------
        >>> import mpifast
        >>> spectra = mpifast.Spectra(mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9)), seed=7)
        >>> network = mpifast.Network(inputs=200, outputs=129, seed=1)
        >>> history = network.fit(*spectra[:1000], epochs=3, validation=spectra[1000:1100])
        >>> history.epochs, history.validation_mse[-1] < history.validation_mse[0]
        (3, True)
        """
        state = arguments.of_system(self._state, system)
        plan = arguments.plan(epochs, learning_rate, batch_size, shuffle, recipe, threads)
        data = arguments.data(state, spectra, phantoms, validation)
        if callback is not None and not callable(callback):
            raise TypeError(f"callback must be callable, got {type(callback).__name__}")
        with contextlib.ExitStack() as stack:
            kept = None
            if checkpoint is not None:
                kept = arguments.checkpoint(checkpoint, state, data, plan, recipe)
                stack.enter_context(kept.held())
            state = state.but(records=()) if kept is None else kept.resume(state)
            if state.scaling is None:
                state = state.but(scaling=Scaling.measure(self.scaling_mode, data.spectra))
            states = (train_fast if recipe == "fast" else train)(state, data, plan)
            self._state = state
            stopped = self._follow(states, plan.epochs, kept, callback, progress)
            history = History(self._state.records, stopped)
            if kept is not None:
                kept.keep(self._state, at_once=True)
        for complaint in complaints(self._state, history, data, plan):
            warnings.warn(complaint, TrainingWarning, stacklevel=2)
        return history

    def _follow(
        self, states: Iterator[NetworkState], epochs: int, kept: Checkpoint | None, callback: Callback | None,
        progress: bool | None,
    ) -> str:  # fmt: skip
        """Take one state after the other; returns why the training stopped.

        Ctrl-C may come at any line. The assignment of a state is the only change of the network, weights and history
        together.
        """
        bar = tqdm(
            total=epochs,
            initial=len(self._state.records),
            desc="training",
            unit="epoch",
            delay=2,
            disable=None if progress is None else not progress,
        )
        try:
            for state in states:
                self._state = state
                bar.set_postfix_str(f"MSE {state.records[-1].train_mse:.3g}", refresh=False)
                bar.total = max(bar.total, len(state.records))
                bar.update()
                if kept is not None:
                    kept.keep(state)
                if callback is not None and callback(self, History(state.records)):
                    return "callback"
            return "completed"
        except KeyboardInterrupt:
            return "interrupted"
        finally:
            bar.close()

    def predict(self, spectra: Any, system: Any = None, threads: int | None = None) -> np.ndarray:
        """Images of raw spectra (eq. 6).

        Parameters
        ----------
        spectra : array_like
            float[n, inputs], not scaled; complex spectra [n, rows], if the network knows its rows, from ``system``.
        system : LinearSystem, optional
            Where the spectra come from: refused if the network was trained for another one. It may have fewer rows: see
            `matching`.
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

        Examples
        --------
        >>> import mpifast
        >>> network = mpifast.Network(inputs=200, outputs=129, scaling="sample")
        >>> network.predict([[1.0] * 200]).shape
        (1, 129)
        """
        state = self._state
        if system is not None:
            found = arguments.system(system)
            arguments.check_fingerprint(state, found)
            spectra = arguments.matching(state, found)(found.to_real(spectra, name="spectra"))
        return predict(state, arguments.spectra(state, "spectra", spectra, empty=True), thread_count(threads))

    def matching(self, system: Any) -> RowMatching:
        """Find the network's inputs among the equations of another system, by channel, number and part.

        A calibration file of the network's own system may lack rows, for example those that are zero.

        Parameters
        ----------
        system : LinearSystem
            Where spectra come from.

        Returns
        -------
        RowMatching
            A function: ``network.predict(network.matching(system)(u))`` takes spectra u float[n, equations] of
            ``system``. Inputs that the system lacks, and that are zero in the network's own system, become zero.

        Raises
        ------
        TypeError, ValueError
            If the system has other voxels, or lacks a row that the network needs; if the network does not know what its
            rows are, and their number is another.

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=14)
        >>> network = mpifast.Network(system=system, scaling="none")
        >>> u = system.spectra(mpifast.phantoms.points(11))
        >>> bool((network.matching(system)(u) == u).all())
        True
        """
        return arguments.matching(self._state, arguments.system(system))

    def save(self, path: str | Path) -> None:
        """Write weights, scaling and settings to an ``.npz`` file; it appears whole or not at all.

        Parameters
        ----------
        path : str or Path
            File name; an existing file is replaced.

        Raises
        ------
        TypeError, OSError
            If ``path`` is not the name of a file that can be written.

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
        network_file.write(network_file.writable("path", path), self._state)

    @classmethod
    def load(cls, path: str | Path) -> Network:
        """Read a network written by `save`, or the network in a checkpoint.

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
        OSError
            If the file cannot be read.
        ValueError
            If the file is not a network, is damaged or of a newer format.

        Examples
        --------
        >>> import mpifast, tempfile
        >>> network = mpifast.Network(inputs=14, outputs=11, scaling="sample", seed=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     network.save(f"{folder}/net.npz")
        ...     loaded = mpifast.Network.load(f"{folder}/net.npz")
        >>> bool((loaded.weights[0] == network.weights[0]).all())
        True
        """
        return cls.from_state(network_file.read(check.path("path", path))[0])
