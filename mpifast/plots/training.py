"""Learning curves of networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mpifast import _validation as check
from mpifast.networks.history import History
from mpifast.networks.network import Network
from mpifast.plots.style import COLORS, figure


def learning_curve(history: Any, *, logarithmic: bool | None = None) -> Figure:
    """Mean squared error over the epochs of a training, and of several for comparison.

    Parameters
    ----------
    history : History, Network, or dict of str to these
        What `mpifast.Network.fit` returned; a network shows its last training.
    logarithmic : bool, optional
        Whether the error has a logarithmic axis. None: where it varies by a factor of ten or more.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig(path)``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type, or there is no epoch to show.

    Examples
    --------
    >>> import mpifast
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7)[:1000]
    >>> network = mpifast.Network(system=system)
    >>> history = network.fit(u[:800], c[:800], epochs=5, validation=(u[800:], c[800:]))
    >>> figure = mpifast.plots.learning_curve(history)
    >>> [line.get_label() for line in figure.axes[0].get_lines()]
    ['training', 'validation']
    """
    if logarithmic is not None:
        check.flag("logarithmic", logarithmic)
    several = {"": history} if not isinstance(history, Mapping) else history
    if not several:
        raise ValueError("history is empty: give at least one")
    sheet, panels = figure(1, width=5.2, height=3.6)
    panel = panels[0, 0]
    for number, (name, value) in enumerate(several.items()):
        record = History(value.state.records) if isinstance(value, Network) else value
        if not isinstance(record, History):
            raise TypeError(f"history must be a History or a mpifast.Network, got {check.brief(value)}")
        if not record.epochs:
            raise ValueError(f"history {name or ''} has no epochs: train the network first".replace("  ", " "))
        color, epochs = COLORS[number % len(COLORS)], range(1, record.epochs + 1)
        lead = f"{name}, " if name else ""
        marker = "." if record.epochs <= 40 else ""
        panel.plot(epochs, record.train_mse, color=color, marker=marker, label=f"{lead}training")
        if record.validation_mse:
            options: dict[str, Any] = {"linestyle": "--", "label": f"{lead}validation"}
            other = COLORS[1] if len(several) == 1 else color
            panel.plot(epochs, record.validation_mse, color=other, marker=marker, **options)
    errors = np.concatenate([line.get_ydata() for line in panel.get_lines()])
    if logarithmic is None:
        logarithmic = bool(errors.max() >= 10.0 * errors.min() > 0.0)
    panel.set(xlabel="epoch", ylabel="mean squared error", yscale="log" if logarithmic else "linear")
    panel.xaxis.get_major_locator().set_params(integer=True)
    panel.grid(alpha=0.3)
    panel.legend(frameon=False)
    return sheet
