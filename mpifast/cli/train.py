"""``mpifast train``: a network, from a store or from the virtual data set."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mpifast.cli._output import say, say_json
from mpifast.cli._system import SCALINGS, add_spectra, add_system, refuse_system, spectra_of
from mpifast.cli._values import read_system, whole

EXAMPLES = """examples:
  mpifast train net.npz --recipe fast
  mpifast train net.npz --data data.h5 --hidden 200 --epochs 300 --checkpoint run.npz
  mpifast train net.npz --snr-db 20 --epochs 500 --patience 10
  mpifast train net.npz --matrix calibration.mdf --noise-from measurement.mdf"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "train",
        help="train a network",
        description="Train a network on the samples of a store, or on the virtual data set of a system, and write it.",
        epilog=EXAMPLES,
    )
    command.add_argument("out", metavar="NETWORK", help="file to write, .npz")
    command.add_argument(
        "--data",
        metavar="STORE",
        help="store written by mpifast generate, in place of the data set; its system is computed again, or that of "
        "--matrix",
    )
    command.add_argument(
        "--count", type=whole, default=30_000, metavar="N", help="training samples (default: %(default)s)"
    )
    command.add_argument(
        "--validation",
        type=whole,
        default=1_000,
        metavar="N",
        help="samples behind them that validate (default: %(default)s)",
    )
    network = command.add_argument_group("the network")
    network.add_argument(
        "--hidden", type=int, nargs="*", default=[], metavar="UNITS", help="units of hidden layers (default: none)"
    )
    network.add_argument(
        "--activation", choices=("sigmoid", "linear"), default="sigmoid", help="of all layers (default: %(default)s)"
    )
    network.add_argument(
        "--scaling", default="harmonic", metavar="SCALING", help=f"{', '.join(SCALINGS)} (default: %(default)s)"
    )
    network.add_argument("--bias", action="store_true", help="units have a bias")
    network.add_argument(
        "--weights-seed", type=int, default=1, metavar="SEED", help="seed of the initial weights (default: %(default)s)"
    )
    training = command.add_argument_group("the training")
    training.add_argument(
        "--recipe",
        choices=("paper", "fast"),
        default="paper",
        help="the paper's, or the least time (default: %(default)s)",
    )
    training.add_argument(
        "--epochs",
        type=whole,
        metavar="N",
        help="passes over all samples, those that a checkpoint has included (default: the recipe's)",
    )
    training.add_argument(
        "--learning-rate", type=float, metavar="RATE", help="step of the gradient descent (default: the recipe's)"
    )
    training.add_argument(
        "--batch-size",
        type=whole,
        default=1,
        metavar="N",
        help="samples a step; 1 is the exact rule (default: %(default)s)",
    )
    training.add_argument(
        "--patience",
        type=whole,
        metavar="N",
        help="end after N epochs without a lower validation error, and keep the weights of the best epoch (default: "
        "never)",
    )
    training.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="keep the training there, and go on from it up to --epochs; with fewer than it has the command refuses",
    )
    add_system(command, matrix=True)
    add_spectra(command)
    command.add_argument("--json", action="store_true", help="print a JSON object with the errors of every epoch")
    command.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> int:
    import mpifast
    from mpifast import _validation as check
    from mpifast.networks.network_file import writable

    check.choice("the suffix of NETWORK", Path(options.out).suffix, (".npz",))
    path = writable("NETWORK", options.out)  # now, and not after the training
    if options.checkpoint is not None:
        _refuse_fewer(options, writable("--checkpoint", options.checkpoint))
    count = check.integer("--count", options.count, low=1)
    validation = check.integer("--validation", options.validation)
    if options.patience is not None and not validation:
        raise ValueError(f"--patience={options.patience} needs samples that validate: give --validation 1000, say")
    if options.data:
        refuse_system(options, f"--data {options.data}")
        if options.noise_from is not None:
            raise ValueError(
                f"--noise-from={options.noise_from} does not go with --data, whose samples have their noise"
            )
    spectra = mpifast.open_spectra(options.data) if options.data else spectra_of(options)
    system = _system_of(spectra, options)  # first: reading and scaling samples takes longer
    u, c = spectra[:count]
    if len(u) < count:
        raise ValueError(f"--count={count}: {options.data} has {len(u)} samples; give fewer")
    network = mpifast.Network(
        u.shape[1],
        c.shape[1],
        options.hidden,
        activation=options.activation,
        scaling=options.scaling,
        bias=options.bias,
        dtype=u.dtype,
        seed=options.weights_seed,
    )
    checked = spectra[count : count + validation]
    history = network.fit(
        u,
        c,
        options.epochs,
        options.learning_rate,
        options.batch_size,
        recipe=options.recipe,
        checkpoint=options.checkpoint,
        validation=checked if len(checked[0]) else None,
        system=system,
        patience=options.patience,
    )
    network.save(path)
    if options.json:
        errors = {"train_mse": history.train_mse, "validation_mse": history.validation_mse}
        facts = {"epochs": history.epochs, "best_epoch": history.best_epoch, "stopped": history.stopped}
        say_json({"file": str(path), **facts, **errors})
    else:
        say(f"{path}: {network}{_errors(history)}")
    return 130 if history.stopped == "interrupted" else 0


def _system_of(spectra: Any, options: argparse.Namespace) -> Any:
    """The system of a data set; that of a store is in another file where it is not computed again."""
    if not options.data:
        return spectra.system
    if options.matrix is None:
        try:
            return spectra.system
        except ValueError as error:
            raise ValueError(f"{error}; give it with --matrix") from error
    system = read_system(options.matrix)
    if system.fingerprint != spectra.fingerprint:
        raise ValueError(
            f"--matrix={options.matrix} is the system {system.fingerprint}, {options.data} is of the system "
            f"{spectra.fingerprint}: give its own"
        )
    return system


def _errors(history: Any) -> str:
    """The last errors in words; nothing where there was no epoch."""
    behind = f", validation MSE {history.validation_mse[-1]:.3g}" if history.validation_mse else ""
    return f", training MSE {history.train_mse[-1]:.3g}{behind}" if history.epochs else ""


def _refuse_fewer(options: argparse.Namespace, path: Path) -> None:
    """An error if the checkpoint has more epochs than are asked for: the network would not be the one asked for."""
    from mpifast.networks import network_file
    from mpifast.networks.arguments import EPOCHS

    wanted = EPOCHS if options.epochs is None else options.epochs
    if path.exists() and (trained := network_file.read(path)[0].epochs) > wanted:
        raise ValueError(
            f"--epochs {wanted}: {path} has {trained} epochs already; give --epochs {trained} or more, or another file "
            "with --checkpoint"
        )
