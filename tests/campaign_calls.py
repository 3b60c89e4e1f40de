"""Every public function from many threads at once, and many times over."""

import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from scanner_systems import SCANNERS, system_of

import mpifast


def public_calls():
    """Every public function on small inputs of mixed shapes: calls without arguments."""
    return {**_line_calls(), **_scanner_calls(), **_solver_calls(), **_combined_calls()}


def _line_calls():
    """The paper's scanner."""
    found = {}
    for voxels, harmonics in ((11, 14), (33, 40)):
        system = mpifast.system_matrix(mpifast.Scanner(voxels=voxels), mpifast.Particle(40e-9), harmonics=harmonics)
        u, c = mpifast.Spectra(system, seed=1, snr_db=40.0)[:12]
        net = mpifast.Network(harmonics, voxels, seed=2)
        net.fit(u, c, epochs=1)
        size = f"{voxels} voxels"

        def fit(hidden, batch, u=u, c=c, harmonics=harmonics, voxels=voxels):
            net = mpifast.Network(harmonics, voxels, hidden, seed=2)
            net.fit(u, c, epochs=2, batch_size=batch, threads=2)
            return net.weights[-1]

        found |= {
            f"langevin, {size}": lambda n=voxels: mpifast.langevin(np.linspace(-9, 9, n)),
            f"langevin_derivative, {size}": lambda n=voxels: mpifast.langevin_derivative(np.linspace(-9, 9, n)),
            f"system_matrix, {size}": lambda s=system: mpifast.system_matrix(s.scanner, s.particle, s.harmonics).real,
            f"ideal_system_matrix, {size}": lambda s=system: (
                mpifast.ideal_system_matrix(s.scanner, s.particle, s.harmonics).real
            ),
            f"spectra, {size}": lambda s=system: mpifast.Spectra(s, seed=5, threads=2)[3:70][0],
            f"noisy spectra, {size}": lambda s=system: mpifast.Spectra(s, seed=5, snr_db=20.0, threads=2)[:33][0],
            f"system.spectra, {size}": lambda s=system, c=c: s.spectra(c, threads=2),
            f"noisy system.spectra, {size}": lambda s=system, c=c: s.spectra(c, snr_db=20.0, seed=5, threads=2),
            f"compare, {size}": lambda s=system, c=c: mpifast.compare(["tsvd", "tikhonov"], s, c).images["tsvd"],
            f"system.spectra of grey, {size}": lambda s=system, c=c: s.spectra(c * 0.5, threads=2),
            f"phantoms.random, {size}": lambda n=voxels: mpifast.phantoms.random(40, voxels=n, seed=6, threads=2),
            f"fit, {size}": lambda fit=fit: fit((), 1),
            f"fit of batches, {size}": lambda fit=fit: fit((), 4),
            f"fit, hidden layer, {size}": lambda fit=fit: fit((9,), 1),
            f"predict, {size}": lambda net=net, u=u: net.predict(u, threads=2),
            f"tsvd, {size}": lambda s=system, u=u: mpifast.tsvd(s, u),
            f"tikhonov, {size}": lambda s=system, u=u: mpifast.tikhonov(s, u),
            f"kaczmarz, {size}": lambda s=system, u=u: mpifast.kaczmarz(
                s, u, alpha=1.0, iterations=20, tolerance=0.0, threads=2
            ),
            f"sparse, {size}": lambda s=system, u=u: mpifast.sparse(s, u, iterations=20, tolerance=0.0, threads=2),
            f"nnls, {size}": lambda s=system, u=u: mpifast.nnls(s, u[:2]),
            f"metrics.mse, {size}": lambda c=c: mpifast.metrics.mse(c, c * 0.5),
            f"analysis.coherence, {size}": lambda s=system: mpifast.analysis.coherence(s.real),
        }
    return found


def _scanner_calls():
    """Scanners of two and three dimensions, and their tracers."""
    tracers = {
        "a mixture": mpifast.Particle(25e-9, sizes=mpifast.LogNormal(0.2)),
        "Debye": mpifast.Particle(25e-9, relaxation=mpifast.Debye(2e-6)),
        "an easy axis": mpifast.Particle(20e-9, anisotropy=mpifast.Uniaxial(5e3, (1.0, 0.5, 0.0))),
    }
    found = {}
    for name in ("cosines", "space", "turning line", "sampled"):
        system, scanner = system_of(name), SCANNERS[name]
        images = np.random.default_rng(3).random((5, system.voxels))
        spectra, phantoms = system.forward(images), mpifast.phantoms.ellipses(scanner.grid)
        rows = {"mixing_order": 2} if isinstance(scanner, mpifast.LissajousScanner) else {"level": 0.1}

        def noisy(s=system, p=phantoms):
            return mpifast.Spectra(s, seed=5, snr_db=20.0, phantoms=p)[:20][0]

        found |= {
            f"matrix of {name}": lambda scanner=scanner, rows=rows: (
                mpifast.system_matrix(scanner, mpifast.Particle(30e-9), **rows).matrix
            ),
            f"forward of {name}": lambda s=system, c=images: s.forward(c),
            f"adjoint of {name}": lambda s=system, u=spectra: s.adjoint(u),
            f"spectra of {name}": noisy,
        }
    found |= {
        f"matrix of {name}": lambda tracer=tracer: (
            mpifast.system_matrix(SCANNERS["cosines"], tracer, mixing_order=2).matrix
        )
        for name, tracer in tracers.items()
    }
    return found


def _solver_calls():
    """Solvers of a measured matrix, and the pictures of it."""
    random, grid = np.random.default_rng(4), mpifast.Grid((13, 10, 11), (13e-3, 10e-3, 11e-3))
    values = random.standard_normal((60, grid.voxels), np.float32)
    system = mpifast.linear_system(values + 1j * values[::-1], grid)
    u = system.forward(random.random((20, grid.voxels)))
    steps = {"iterations": 3, "tolerance": 0.0, "threads": 2}
    few = {"relative": True, "alpha": 0.1, **steps}
    return {
        "kaczmarz of one": lambda: mpifast.kaczmarz(system, u[:1], nonnegative=True, **few),
        "kaczmarz of one, plain": lambda: mpifast.kaczmarz(system, u[:1], projection="plain", **few),
        "kaczmarz of many": lambda: mpifast.kaczmarz(system, u, order="random", **few),
        "tikhonov in space": lambda: mpifast.tikhonov(system, u, alpha=1.0),
        "sparse in space": lambda: mpifast.sparse(system, u[:2], alpha=1.0, **steps),
        "fused_lasso": lambda: mpifast.fused_lasso(system, u[:2], l1=0.1, tv=0.1, iterations=3, tolerance=0.0),
        "plug_and_play": lambda: mpifast.plug_and_play(system, u[:2], np.tanh, alpha=1.0, iterations=3, tolerance=0.0),
        "reconstruct": lambda: mpifast.reconstruct(system, u[:2], alpha=0.1, iterations=3, tolerance=0.0).images,
    }


def _combined_calls():
    """Systems made of others, and files."""
    system = system_of("cosines")
    other = mpifast.system_matrix(SCANNERS["cosines"], mpifast.Particle(22e-9), level=1e-2)
    both = mpifast.contrasts([system, other], common=True)
    patches = mpifast.MultiPatch([(system, (0.0, 0.0)), (system, (3.75e-3, -6e-3))])
    rotated, merged = mpifast.rotate_rows(system), mpifast.merge_rows(system)
    measured = mpifast.linear_system(2j * system.matrix)

    def written():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "system.mdf"
            mpifast.write_mdf(path, system)
            with mpifast.read_mdf(path) as file:
                return file.system().real

    found = {"a file": written, "fit": lambda: mpifast.fit_transfer_function(measured, system.matrix).values}
    for name, made in {"contrasts": both, "patches": patches, "rotated": rotated, "merged": merged}.items():
        images = np.random.default_rng(5).random((3, made.voxels))
        found[f"forward of {name}"] = lambda made=made, images=images: made.forward(images)
    return found


def crowd(rounds, threads=8):
    """Every public function from many Python threads at once, in an order of its own for each: the answers of one
    thread.
    """
    calls = public_calls()
    expected, wrong, start = {name: call() for name, call in calls.items()}, [], time.perf_counter()

    def work(seed):
        random, names = np.random.default_rng(seed), list(calls)
        for _ in range(rounds):
            wrong.extend(
                str(name) for name in random.permutation(names) if not np.array_equal(calls[name](), expected[name])
            )

    workers = [threading.Thread(target=work, args=[seed], daemon=True) for seed in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=600)
    assert not any(worker.is_alive() for worker in workers), "a thread hangs"
    assert not wrong, sorted(set(wrong))
    return {
        "threads": threads,
        "rounds": rounds,
        "functions": len(calls),
        "calls": threads * rounds * len(calls),
        "seconds": time.perf_counter() - start,
    }


def leak(calls):
    """The memory of many small calls, after as many have warmed up: bytes that a call leaves behind, in MiB for all."""
    import resource

    functions, start = (
        [call for name, call in public_calls().items() if name.endswith("11 voxels")],
        time.perf_counter(),
    )

    def run(count):
        for number in range(count):
            functions[number % len(functions)]()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 2**20

    before = run(calls // 5)
    grown = run(calls) - before
    assert grown < 8, f"{grown:.1f} MiB more after {calls} calls"
    return {"calls": calls, "grown (MiB)": round(grown, 1), "seconds": time.perf_counter() - start}
