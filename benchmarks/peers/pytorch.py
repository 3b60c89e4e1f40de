"""PyTorch as a peer: the plain per-sample loop, mini-batches with autograd, compiled ones, and its best way to the
paper's accuracy.
"""

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional

import mpifast
from benchmarks import problems
from benchmarks.pairs import Errors, Mark, Pair, deviation

LOOPED = 3_000  # samples the per-sample loop is timed on: its cost a sample is constant
ACCURACY = 7.23e-5  # test MSE of the paper's figure 4
TESTS = 1_000
TOO_LONG = 10.0  # seconds


def loop(shape: problems.Shape = problems.PAPER) -> Pair:
    """P6: the exact per-sample pass as a PyTorch loop without autograd, on the faster of one thread and as many as
    ours.
    """
    ours = problems.training(shape=shape)
    u, c = problems.data(None, shape)
    net = problems.network((shape.harmonics, shape.voxels))
    net.fit(u, c, epochs=0)
    inputs, targets = tensors(net.scaling.apply(u), c)
    count = min(LOOPED, len(u))

    def run(weights: torch.Tensor, samples: int) -> None:
        with torch.inference_mode():
            for x, target in zip(inputs[:samples].unbind(), targets[:samples].unbind(), strict=True):
                y = torch.mv(weights, x).sigmoid_()
                weights.addr_((target - y).mul_(y).mul_(1 - y), x, alpha=problems.RATE)

    def weights() -> torch.Tensor:
        return torch.from_numpy(problems.network((shape.harmonics, shape.voxels)).weights[0])

    @functools.cache
    def faster(threads: int) -> int:
        return min({1, threads}, key=lambda number: seconds(lambda: run(weights(), min(count, 1000)), number))

    def peer(threads: int) -> None:
        torch.set_num_threads(faster(threads))
        run(trained, count)

    def verify(threads: int) -> Errors:
        """Both after the samples that the plain loop repeats."""
        few = slice(problems.VERIFIED)
        found, start = weights(), [weights().numpy()]
        run(found, problems.VERIFIED)
        return Errors(
            ours.verify(threads).ours,
            deviation(found.numpy(), problems.plain(start, net.scaling, u[few], c[few], np.float64)[0]),
        )

    trained = weights()
    return Pair(
        "P6",
        "training pass, one layer",
        f"PyTorch, per-sample loop of {count:,} samples",
        ours.shape,
        ours.ours,
        peer,
        verify,
        problems.SINGLE,
        Mark("speedup", 25),
        part=count / len(u),
    )


def minibatch(batch: int = 128, compiled: bool = False, shape: problems.Shape = problems.PAPER) -> Pair:
    """A pass of mini-batches: autograd and torch.optim.SGD, without or with torch.compile."""
    u, c = problems.data(None, shape)
    units = (shape.harmonics, shape.voxels)
    net = problems.network(units)
    net.fit(u, c, epochs=0)
    inputs, targets = tensors(net.scaling.apply(u), c)

    def loss(weights: torch.Tensor, x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (target - torch.sigmoid(x @ weights.T)).square().sum() / (2 * len(x))

    step = torch.compile(loss, dynamic=False) if compiled else loss

    def run(weights: torch.Tensor) -> None:
        optimizer = torch.optim.SGD([weights], lr=problems.RATE)
        for x, target in zip(inputs.split(batch), targets.split(batch), strict=True):
            optimizer.zero_grad(set_to_none=True)
            step(weights, x, target).backward()
            optimizer.step()

    def weights() -> torch.Tensor:
        return torch.from_numpy(problems.network(units).weights[0]).requires_grad_()

    def peer(threads: int) -> None:
        torch.set_num_threads(threads)
        run(trained)

    def verify(threads: int) -> Errors:
        """A whole pass of each, against the slow twin in float64."""
        start, found, ours = problems.network(units).weights, weights(), problems.network(units)
        run(found)
        ours.fit(u, c, epochs=1, learning_rate=problems.RATE, batch_size=batch, threads=threads)
        exact = problems.plain(start, net.scaling, u, c, np.float64, batch=batch)[0]
        return Errors(deviation(ours.weights[0], exact), deviation(found.detach().numpy(), exact))

    trained = weights()
    return Pair(
        "",
        f"training pass, one layer, batches of {batch}",
        "PyTorch, compiled" if compiled else "PyTorch, autograd",
        shape.named(),
        lambda threads: net.fit(u, c, epochs=1, learning_rate=problems.RATE, batch_size=batch, threads=threads),
        peer,
        verify,
        problems.SINGLE,
    )


class Setting(NamedTuple):
    """One way to train in PyTorch; the rate is that of the optimiser's own step on the mean loss."""

    optimizer: str
    batch: int
    loss: str
    rate: float
    threads: int = 1


GRID = tuple(
    Setting(optimizer, batch, loss, rate)
    for optimizer, rates in (
        ("Adam", {"BCE": (0.3, 0.1), "MSE": (0.3, 0.1)}),
        ("SGD", {"BCE": (32.0, 8.0), "MSE": (400.0, 100.0)}),
    )
    for loss in rates
    for batch in (512, 256, 128, 64, 32)
    for rate in rates[loss]
)  # about the best rates of each; the quickest come first, as each setting has as long as the best one before it took


def time_to_accuracy(
    grid: Sequence[Setting] = GRID,
) -> tuple[Callable[[int], float], Callable[[int], float], Callable[[int], Setting]]:
    """P8: ours(threads) and peer(threads) go from a seed to `ACCURACY` and return the MSE reached; and which setting is
    PyTorch's best.
    """
    device, factor = problems.system(), problems.columns()
    tests = mpifast.Spectra(device, seed=9)[:TESTS]

    def ours(threads: int) -> float:
        u, c = mpifast.Spectra(device, seed=7, threads=threads)[: problems.SAMPLES]
        net = mpifast.Network(200, 129, scaling="none", seed=1)
        net.fit(u, c, recipe="fast", epochs=1, threads=threads)
        return mpifast.metrics.mse(net.predict(tests[0], threads=threads), tests[1])

    def train(setting: Setting, limit: float = TOO_LONG) -> float:
        start = time.perf_counter()
        for error in epochs(setting, factor, tests):
            if error <= ACCURACY:
                return error
            if time.perf_counter() - start > limit:
                break
        return np.inf

    @functools.cache
    def race(threads: int) -> tuple[float, Setting]:
        """The quickest on one thread, then on more; each setting has as long as the best one so far took."""
        quickest, winner = race(1) if threads > 1 else (TOO_LONG, grid[0])
        for setting in grid:
            candidate, start = setting._replace(threads=threads), time.perf_counter()
            reached = train(candidate, quickest) <= ACCURACY
            if reached and time.perf_counter() - start < quickest:
                quickest, winner = time.perf_counter() - start, candidate
        return quickest, winner

    def best(threads: int) -> Setting:
        return race(threads)[1]

    return ours, lambda threads: train(best(threads)), best


def epochs(setting: Setting, factor: np.ndarray, tests: tuple[np.ndarray, np.ndarray]) -> Iterator[float]:
    """Spectra from a seed, then a pass a step: the test MSE after each."""
    torch.set_num_threads(setting.threads)
    torch.manual_seed(1)
    phantoms = np.random.default_rng(7).integers(0, 2, (problems.SAMPLES, 129), dtype=np.uint8)
    targets = torch.from_numpy(phantoms.astype(np.float32))
    u = targets @ torch.from_numpy(factor)
    spread = u.std(dim=0)
    inputs, (tested, wanted) = u / spread, tensors(*tests)
    layer = torch.nn.Linear(200, 129, bias=False)
    optimizer: Any
    if setting.optimizer == "Adam":
        optimizer = torch.optim.Adam(layer.parameters(), lr=setting.rate, foreach=False)
    else:
        optimizer = torch.optim.SGD(layer.parameters(), lr=setting.rate, momentum=0.9, foreach=False)
    for _ in range(1000):
        for x, target in zip(inputs.split(setting.batch), targets.split(setting.batch), strict=True):
            optimizer.zero_grad(set_to_none=True)
            z = layer(x)
            loss = (
                functional.mse_loss(z.sigmoid(), target)
                if setting.loss == "MSE"
                else functional.binary_cross_entropy_with_logits(z, target)
            )
            loss.backward()
            optimizer.step()
        with torch.inference_mode():
            yield float((layer(tested / spread).sigmoid() - wanted).square().mean())


def tensors(u: np.ndarray, c: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """In float32."""
    return torch.from_numpy(np.ascontiguousarray(u, np.float32)), torch.from_numpy(c.astype(np.float32))


def seconds(call: Callable[[], Any], threads: int) -> float:
    """Of the second call."""
    torch.set_num_threads(threads)
    call()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
