"""Feedforward networks that turn a spectrum into an image."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from mpifast import _validation as check
from mpifast._compiled import compiling
from mpifast._compiled.jit import thread_count
from mpifast._progress import leave_out, tqdm
from mpifast.networks import arguments, complaints, network_file
from mpifast.networks.checkpoint import Checkpoint
from mpifast.networks.early_stopping import stop_early, waited
from mpifast.networks.fast import train_fast
from mpifast.networks.history import History, TrainingWarning
from mpifast.networks.rows import RowMatching
from mpifast.networks.scaling import Scaling
from mpifast.networks.state import Architecture, NetworkState
from mpifast.networks.training import Plan, predict, train
from mpifast.networks.view import StateView
from mpifast.physics.linear_system import LinearSystem

Callback = Callable[["Network", History], object]
Pair = tuple[ArrayLike, ArrayLike]


class Network(StateView):
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
        hidden: int | Sequence[int] = (),
        activation: str | Sequence[str] = "sigmoid",
        scaling: str | Scaling = "harmonic",
        bias: bool = False,
        dtype: DTypeLike = "float32",
        seed: int = 0,
        weight_range: float = 0.5,
        system: LinearSystem | ArrayLike | None = None,
    ) -> None:
        found = None if system is None else arguments.system(system)
        if found is not None:
            inputs = len(found.equations) if inputs is None else inputs
            outputs = found.voxels if outputs is None else outputs
        layers = [hidden] if isinstance(hidden, (int, np.integer)) else check.sequence("hidden", hidden)
        sizes = {"inputs": inputs, **{f"hidden[{i}]": size for i, size in enumerate(layers)}, "outputs": outputs}
        mode = scaling.mode if isinstance(scaling, Scaling) else scaling
        architecture = Architecture.checked(sizes, activation, mode, bias, dtype, seed, weight_range)
        state = NetworkState.made(architecture, scaling=arguments.fixed_scaling(scaling, architecture.units[0]))
        self._state = arguments.of_system(state, found)

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

    def fit(
        self,
        spectra: ArrayLike,
        phantoms: ArrayLike,
        epochs: int | None = None,
        learning_rate: float | Callable[[int], float] | None = None,
        batch_size: int = 1,
        shuffle: bool = False,
        recipe: str = "paper",
        validation: Pair | float | None = None,
        callback: Callback | None = None,
        system: LinearSystem | ArrayLike | None = None,
        checkpoint: str | Path | None = None,
        progress: bool | None = None,
        threads: int | None = None,
        patience: int | None = None,
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
        validation : (spectra, phantoms) or float, optional
            Samples whose mean squared error is measured after each epoch. A fraction between 0 and 1: the last part of
            the samples, rounded to a number of at least one, which is not trained on. Samples in an order of their own
            have to be shuffled before.
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
        patience : int, optional
            Early stopping: the training ends when so many epochs have passed without a lower validation error. However
            it ends, the network then has the weights of the epoch with the lowest one, `History.best_epoch`. In
            ``callback`` it has those of the present epoch. A checkpoint keeps both, to go on from the latest.

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
            If phantoms lie outside 0 to 1, which sigmoid outputs cannot reach. If the training was interrupted; if it
            has stalled: in its second half, twenty epochs or more, the error has not fallen by a thousandth; or if,
            after four epochs or more, the validation error has never been lower than after the first, or the error over
            the training set is larger than that of the mean of its phantoms.

        Examples
        --------
        >>> import mpifast
        >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
        >>> u, c = mpifast.Spectra(system, seed=7, snr_db=20.0)[:1000]
        >>> network = mpifast.Network(system=system, seed=1)
        >>> history = network.fit(u, c, epochs=200, validation=0.2, patience=5)
        >>> history.stopped, history.epochs - history.best_epoch, network.epochs_trained == history.best_epoch + 1
        ('patience', 6, True)
        """
        state = arguments.of_system(self._state, system)
        plan = arguments.plan(epochs, learning_rate, batch_size, shuffle, recipe, threads, patience)
        data = arguments.data(state, spectra, phantoms, validation, plan.patience)
        if callback is not None and not callable(callback):
            raise TypeError(f"callback must be callable, got {type(callback).__name__}")
        for complaint in complaints.before(state, data):
            warnings.warn(complaint, TrainingWarning, stacklevel=2)
        with contextlib.ExitStack() as stack:
            kept = None
            if checkpoint is not None:
                kept = arguments.checkpoint(checkpoint, state, data, plan, recipe)
                stack.enter_context(kept.held())
            state = state.but(records=(), best=None) if kept is None else kept.resume(state)
            if state.scaling is None:
                state = state.but(scaling=Scaling.measure(self.scaling_mode, data.spectra))
            states = (train_fast if recipe == "fast" else train)(state, data, plan)
            if plan.patience is not None:
                states = stop_early(state, states, plan.patience)
            self._state = state
            try:
                stopped = self._follow(states, plan, kept, callback, progress)
                history = History(self._state.records, stopped)
                if kept is not None:
                    kept.keep(self._state, at_once=True)
            finally:
                self._state = self._state.at_best()
        for complaint in complaints.after(self._state, history, data, plan):
            warnings.warn(complaint, TrainingWarning, stacklevel=2)
        return history

    def _follow(
        self, states: Iterator[NetworkState], plan: Plan, kept: Checkpoint | None, callback: Callback | None,
        progress: bool | None,
    ) -> str:  # fmt: skip
        """Take one state after the other; returns why the training stopped.

        Ctrl-C may come at any line. The assignment of a state is the only change of the network, weights and history
        together.
        """
        bar = tqdm(
            total=plan.epochs,
            initial=len(self._state.records),
            desc="training",
            unit="epoch",
            delay=2,
            disable=None if progress is None else not progress,
        )
        compiled = compiling.seconds()
        try:
            for state in states:
                self._state = state
                leave_out(bar, compiling.seconds() - compiled)
                compiled = compiling.seconds()
                bar.set_postfix_str(f"MSE {state.records[-1].train_mse:.3g}", refresh=False)
                bar.total = max(bar.total, len(state.records))
                bar.update()
                if kept is not None:
                    kept.keep(state)
                if callback is not None and callback(self, History(state.records)):
                    return "callback"
            patient = plan.patience is None or waited(self._state.records) < plan.patience
            return "completed" if patient else "patience"
        except KeyboardInterrupt:
            return "interrupted"
        finally:
            bar.close()

    def predict(
        self, spectra: ArrayLike, system: LinearSystem | ArrayLike | None = None, threads: int | None = None
    ) -> np.ndarray:
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
            If ``spectra`` is not a finite real [n, inputs] array, or too large for the network's type, scaled or not.
            If the network was trained for another system, or has not been trained and needs to be: its scaling is
            measured on the training set.

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

    def matching(self, system: LinearSystem | ArrayLike) -> RowMatching:
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
        Network(200 -> 129, sigmoid, scaling='harmonic', 0 epochs trained)
        """
        network_file.write(network_file.writable("path", path), self._state)

    @classmethod
    def load(cls, path: str | Path) -> Network:
        """Read a network written by `save`, or the network in a checkpoint, with its best weights if it stops early.

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
        return cls.from_state(network_file.read(check.path("path", path))[0].at_best())
