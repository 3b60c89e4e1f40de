"""Wrong type, shape, range, NaN and unknown names: a ValueError or TypeError that names the parameter and the cure,
everywhere.
"""

import numpy as np
import pytest

import mpifast
from mpifast.networks.scaling import Scaling
from mpifast.physics.noise import noise_level

SCANNER, PARTICLE = mpifast.Scanner(voxels=11), mpifast.Particle(40e-9)
SYSTEM = mpifast.system_matrix(SCANNER, PARTICLE, harmonics=14)
SPECTRA = mpifast.Spectra(SYSTEM)
U, C = np.zeros((6, 14), np.float32), np.zeros((6, 11), np.uint8)
NAN, INF = float("nan"), float("inf")


def network(**options):
    return mpifast.Network(**{"inputs": 14, "outputs": 11, "scaling": "none", **options})


def with_nan(array):
    bad = array.astype(np.float64)
    bad[2, 3] = NAN
    return bad


CASES = [
    # physics
    (lambda: mpifast.Particle(-1e-9), ValueError, "diameter=-1e-09 is out of range: give a finite number above 0 m"),
    (lambda: mpifast.Particle(0), ValueError, "diameter"),
    (lambda: mpifast.Particle(NAN), ValueError, "diameter=nan"),
    (lambda: mpifast.Particle("40 nm"), TypeError, "diameter must be a number in m, got '40 nm'"),
    (lambda: mpifast.Particle(None), TypeError, "diameter"),
    (lambda: mpifast.Particle(True), TypeError, "diameter"),
    (lambda: mpifast.Particle(40e-9, saturation_magnetization=INF), ValueError, "saturation_magnetization"),
    (lambda: mpifast.Particle(40e-9, temperature=0.0), ValueError, "temperature.* K"),
    (
        lambda: mpifast.Particle(1e-120),
        ValueError,
        "diameter=1e-120 is out of range: give a number between 1e-100 and 1e.100 m",
    ),
    (lambda: mpifast.Scanner(gradient=0), ValueError, "gradient.*T/m"),
    (lambda: mpifast.Scanner(drive_amplitude=[1, 2]), TypeError, "drive_amplitude"),
    (lambda: mpifast.Scanner(drive_frequency=-INF), ValueError, "drive_frequency"),
    (lambda: mpifast.Scanner(voxels=0), ValueError, "voxels=0.*from 1"),
    (lambda: mpifast.Scanner(voxels=129.0), TypeError, r"voxels must be an integer.*int\(\)"),
    (lambda: mpifast.Scanner(voxels=10**9), ValueError, "voxels"),
    (lambda: SCANNER.field("here", 0.0), TypeError, "position"),
    (lambda: SCANNER.field(0.0, 1j), TypeError, "time"),
    (lambda: mpifast.langevin("x"), TypeError, "x must hold real numbers"),
    (lambda: mpifast.langevin(1j), TypeError, "x must hold real numbers, got dtype complex128"),
    (lambda: mpifast.langevin([[1], [1, 2]]), TypeError, "x must be an array"),
    (lambda: mpifast.langevin(np.ma.array([1.0], mask=[True])), TypeError, r"x is a masked array.*filled"),
    (lambda: mpifast.langevin(np.array([object()])), TypeError, "x must hold real numbers"),
    (lambda: mpifast.langevin(np.zeros(3), out=[0, 0, 0]), TypeError, "out must be a writable"),
    (lambda: mpifast.langevin(np.zeros(3), out=np.zeros(3, int)), TypeError, "out must be a writable floating-point"),
    (lambda: mpifast.langevin(np.zeros(3), out=np.broadcast_to(0.0, 3)), TypeError, "out must be a writable"),
    (
        lambda: mpifast.langevin_derivative(np.zeros(3), out=np.zeros(4)),
        ValueError,
        r"out has shape \(4,\), expected \(3,\)",
    ),
    (lambda: mpifast.langevin_derivative(None), TypeError, "x"),
    (lambda: mpifast.system_matrix(None, PARTICLE), TypeError, "scanner must be a mpifast.Scanner"),
    (lambda: mpifast.system_matrix(PARTICLE, SCANNER), TypeError, "scanner"),
    (lambda: mpifast.system_matrix(SCANNER, 40e-9), TypeError, "particle must be a mpifast.Particle"),
    (lambda: mpifast.system_matrix(SCANNER, PARTICLE, harmonics=0), ValueError, "harmonics=0"),
    (lambda: mpifast.system_matrix(SCANNER, PARTICLE, harmonics="200"), TypeError, "harmonics"),
    (lambda: mpifast.system_matrix(SCANNER, PARTICLE, tolerance=NAN), ValueError, "tolerance=nan"),
    (lambda: mpifast.ideal_system_matrix(SCANNER, PARTICLE, harmonics=-1), ValueError, "harmonics"),
    (lambda: mpifast.ideal_system_matrix(SCANNER, None), TypeError, "particle"),
    # forward model
    (lambda: SYSTEM.spectra(np.zeros((3, 12))), ValueError, "phantoms has 12 voxels, expected 11"),
    (lambda: SYSTEM.spectra(np.zeros(11)), ValueError, r"phantoms must have two dimensions.*phantoms\[None, :\]"),
    (lambda: SYSTEM.spectra(with_nan(C)), ValueError, r"phantoms is not finite: phantoms\[2, 3\] = nan"),
    (lambda: SYSTEM.spectra(np.full((1, 11), "a")), TypeError, "phantoms must hold real numbers"),
    (
        lambda: SYSTEM.spectra(C, dtype="float16"),
        ValueError,
        "dtype='float16' is not supported: use 'float32' or 'float64'",
    ),
    (lambda: SYSTEM.spectra(C, dtype="double-ish"), TypeError, "dtype"),
    (lambda: SYSTEM.spectra(C, threads=0), ValueError, "threads=0"),
    (lambda: SYSTEM.spectra(C, threads=1.5), TypeError, "threads"),
    # data
    (lambda: mpifast.Spectra(SCANNER), TypeError, "system must be a system or a real or complex array"),
    (lambda: mpifast.Spectra(SYSTEM, seed=-1), ValueError, "seed=-1"),
    (lambda: mpifast.Spectra(SYSTEM, seed=1.0), TypeError, "seed"),
    (lambda: mpifast.Spectra(SYSTEM, density=1.1), ValueError, "density=1.1.*between 0 and 1"),
    (lambda: mpifast.Spectra(SYSTEM, snr_db=NAN), ValueError, "snr_db=nan.*dB"),
    (lambda: mpifast.Spectra(SYSTEM, snr_db="30"), TypeError, "snr_db"),
    (lambda: mpifast.Spectra(SYSTEM, dtype=int), ValueError, "dtype='int64'"),
    (lambda: mpifast.Spectra(SYSTEM, threads=-2), ValueError, "threads=-2"),
    (lambda: SPECTRA[-1], ValueError, "index=-1"),
    (lambda: SPECTRA[1.0], TypeError, "index must be an integer"),
    (lambda: SPECTRA["a"], TypeError, "index"),
    (lambda: SPECTRA[:], ValueError, r"no stop.*spectra\[:30_000\]"),
    (lambda: SPECTRA[3:], ValueError, "no stop"),
    (lambda: SPECTRA[-5:5], ValueError, "start=-5"),
    (lambda: SPECTRA[:5:0], ValueError, "step=0"),
    (lambda: SPECTRA[:5.0], TypeError, "stop"),
    (lambda: SPECTRA[2, 3], TypeError, "one axis"),
    (lambda: SPECTRA[[0.5]], TypeError, "index must be one-dimensional and of integers"),
    (lambda: SPECTRA[[[1]]], TypeError, "index"),
    (lambda: SPECTRA[[-1]], ValueError, "index has samples from -1"),
    (lambda: SPECTRA[[True]], TypeError, "index"),
    (lambda: SPECTRA.batches(0), ValueError, "size=0"),
    (lambda: SPECTRA.batches(10, start=-1), ValueError, "start"),
    (lambda: SPECTRA.batches(10, stop=1.5), TypeError, "stop"),
    (lambda: mpifast.phantoms.random(-1), ValueError, "count=-1"),
    (lambda: mpifast.phantoms.random(1, voxels=0), ValueError, "voxels"),
    (lambda: mpifast.phantoms.random(1, density=NAN), ValueError, "density"),
    (lambda: mpifast.phantoms.random(1, seed=None), TypeError, "seed"),
    (lambda: mpifast.phantoms.pattern(rows=0), ValueError, "rows"),
    (lambda: mpifast.phantoms.letters(""), ValueError, "text='' cannot be drawn: use letters"),
    (lambda: mpifast.phantoms.letters("é"), ValueError, "text='é'"),
    (lambda: mpifast.phantoms.letters(5), TypeError, "text"),
    (lambda: mpifast.phantoms.letters("MPI", voxels=10), ValueError, "voxels=10.*at least 18"),
    (lambda: mpifast.phantoms.letters("MPI", rows=6), ValueError, "rows=6"),
    (lambda: mpifast.phantoms.bars([]), ValueError, "widths"),
    (lambda: mpifast.phantoms.bars([0]), ValueError, r"widths\[0\]=0"),
    (lambda: mpifast.phantoms.bars([1.5]), TypeError, r"widths\[0\]"),
    (lambda: mpifast.phantoms.dots([129]), ValueError, r"distances\[0\]=129.*128"),
    (lambda: mpifast.phantoms.points(0), ValueError, "voxels"),
    (lambda: noise_level(SYSTEM.real, 1e9), ValueError, "snr_db"),
    (lambda: Scaling.measure("best", U), ValueError, "scaling='best' is unknown: choose one of 'harmonic'"),
    (lambda: Scaling.measure("none", U).apply(U[:, :3]), ValueError, "spectra has 3 inputs, expected 14"),
    # networks
    (lambda: network(inputs=0), ValueError, "inputs=0"),
    (lambda: network(outputs=2.0), TypeError, "outputs"),
    (lambda: network(hidden=(3, -1)), ValueError, r"hidden\[1\]=-1"),
    (lambda: network(hidden="200"), TypeError, "hidden must be a sequence"),
    (lambda: network(hidden=None), TypeError, "hidden must be a sequence, got None"),
    (lambda: network(activation="tanh"), ValueError, "activation='tanh' is unknown: choose one of 'sigmoid', 'linear'"),
    (lambda: network(activation=("sigmoid", "linear")), ValueError, "activation has 2 entries, expected 1"),
    (lambda: network(activation=3), TypeError, "activation"),
    (lambda: network(scaling="max"), ValueError, "scaling='max'"),
    (
        lambda: network(scaling=Scaling.measure("none", U[:, :3])),
        ValueError,
        "scaling is for 3 inputs, the network has 14",
    ),
    (lambda: network(bias=1), TypeError, "bias must be True or False"),
    (lambda: network(dtype="int8"), ValueError, "dtype"),
    (lambda: network(seed=-3), ValueError, "seed"),
    (lambda: network(weight_range=NAN), ValueError, "weight_range"),
    (lambda: network().fit(U[:, :5], C), ValueError, "spectra has 5 inputs, expected 14"),
    (lambda: network().fit(U[0], C), ValueError, "spectra must have two dimensions"),
    (lambda: network().fit(3.0, C), ValueError, "spectra must have two dimensions"),
    (lambda: network().fit(U, C[:, 1:]), ValueError, "phantoms has 10 outputs, expected 11"),
    (lambda: network().fit(U, C[:3]), ValueError, "phantoms has 3 rows, expected 6: one per sample"),
    (lambda: network().fit(U[:0], C[:0]), ValueError, "spectra is empty"),
    (lambda: network().fit(with_nan(U), C), ValueError, r"spectra is not finite: spectra\[2, 3\] = nan"),
    (lambda: network().fit(U + np.float64(1e300), C), ValueError, r"spectra\[0, 0\] = 1e\+300, too large for float32"),
    (lambda: network().fit(U, C + 1e300), ValueError, r"phantoms\[0, 0\] = 1e\+300, too large for float32"),
    (lambda: network().fit(U, with_nan(C)), ValueError, "phantoms is not finite"),
    (lambda: network().fit(U, C, epochs=-1), ValueError, "epochs=-1"),
    (lambda: network().fit(U, C, epochs=1.5), TypeError, "epochs"),
    (
        lambda: network(hidden=(60_000,), outputs=60_000),
        ValueError,
        "takes 27 GiB, the limit is 4: use narrower layers",
    ),
    (lambda: network().fit(U, C, recipe="best"), ValueError, "recipe='best' is unknown: choose one of 'paper', 'fast'"),
    (
        lambda: network(hidden=(9,)).fit(U, C, recipe="fast"),
        ValueError,
        "one layer of sigmoid units.*use recipe='paper'",
    ),
    (lambda: network(activation="linear").fit(U, C, recipe="fast"), ValueError, "one layer of sigmoid units"),
    (
        lambda: network().fit(U, C, recipe="fast", checkpoint="net.npz"),
        ValueError,
        "checkpoint='net.npz'.*leave it out",
    ),
    (lambda: network().fit(U, C, learning_rate=0), ValueError, "learning_rate=0"),
    (lambda: network().fit(U, C, learning_rate=NAN), ValueError, "learning_rate"),
    (lambda: network().fit(U, C, learning_rate=lambda epoch: -1), ValueError, "learning_rate=-1"),
    (lambda: network().fit(U, C, batch_size=0), ValueError, "batch_size=0"),
    (lambda: network().fit(U, C, shuffle="yes"), TypeError, "shuffle"),
    (lambda: network().fit(U, C, validation=U), TypeError, r"validation must be a pair \(spectra, phantoms\)"),
    (lambda: network().fit(U, C, validation=(U, C[:2])), ValueError, r"validation\[1\] has 2 rows"),
    (lambda: network().fit(U, C, validation=(U[:, :2], C)), ValueError, r"validation\[0\] has 2 inputs"),
    (lambda: network().fit(U, C, callback=3), TypeError, "callback must be callable"),
    (lambda: network().fit(U, C, threads=0), ValueError, "threads"),
    (lambda: network(scaling="harmonic").predict(U), ValueError, "has not been trained.*call fit first"),
    (lambda: network().predict(U[:, :3]), ValueError, "spectra has 3 inputs"),
    (lambda: network().predict(with_nan(U)), ValueError, "spectra is not finite"),
    (lambda: network().predict(U.astype(complex)), TypeError, "spectra must hold real numbers"),
    (lambda: network().predict(U, threads="2"), TypeError, "threads"),
    # solvers
    *(
        case
        for solve in (mpifast.tsvd, mpifast.tikhonov, mpifast.kaczmarz, mpifast.sparse, mpifast.nnls)
        for case in [
            (lambda solve=solve: solve(None, U), TypeError, "system must be a system or a real or complex array"),
            (lambda solve=solve: solve(SYSTEM.real[0], U), ValueError, "system must have two dimensions"),
            (lambda solve=solve: solve(with_nan(SYSTEM.real), U), ValueError, r"system is not finite: system\[2, 3\]"),
            (lambda solve=solve: solve(SYSTEM, U[:, :5]), ValueError, "u has 5 rows, expected 14"),
            (lambda solve=solve: solve(SYSTEM, 1j * U[:, :5]), ValueError, "u has 5 rows, expected 14"),
            (lambda solve=solve: solve(SYSTEM, U[0]), ValueError, r"u must have two dimensions.*u\[None, :\]"),
            (lambda solve=solve: solve(SYSTEM, with_nan(U)), ValueError, r"u is not finite: u\[2, 3\] = nan"),
            (lambda solve=solve: solve(SYSTEM, 1j * with_nan(U)), ValueError, r"u is not finite"),
            (lambda solve=solve: solve(SYSTEM, None), TypeError, "u must hold real numbers"),
            (
                lambda solve=solve: solve(SYSTEM, U + np.float64(1e200)),
                ValueError,
                r"u has values of 1e\+200: give it in a larger unit",
            ),
            (lambda solve=solve: solve(SYSTEM, U, full_output=1), TypeError, "full_output must be True or False"),
        ]
    ),
    *(
        case
        for solve in (mpifast.tikhonov, mpifast.kaczmarz, mpifast.sparse, mpifast.nnls)
        for case in [
            (
                lambda solve=solve: solve(SYSTEM, U, alpha=-1),
                ValueError,
                "alpha=-1 is out of range: give a finite number of at least 0",
            ),
            (lambda solve=solve: solve(SYSTEM, U, alpha=NAN), ValueError, "alpha=nan"),
            (lambda solve=solve: solve(SYSTEM, U, alpha=1.0, relative=1), TypeError, "relative must be True or False"),
            (lambda solve=solve: solve(SYSTEM, U, alpha="1"), TypeError, "alpha must be a number"),
            (
                lambda solve=solve: solve(SYSTEM, U, alpha=[1, 2]),
                ValueError,
                r"alpha has shape \(2,\), expected \(6,\): give one number, or one",
            ),
            (
                lambda solve=solve: solve(SYSTEM, U, alpha=[1, 1, 1, 1, 1, -2]),
                ValueError,
                "alpha contains -2: give a finite number of at least 0",
            ),
            (lambda solve=solve: solve(SYSTEM, U, alpha=[NAN] * 6), ValueError, "alpha contains nan"),
        ]
    ),
    (lambda: mpifast.tsvd(SYSTEM, U, rank=12), ValueError, "rank=12 is out of range: give an integer from 1 to 11"),
    (lambda: mpifast.tsvd(SYSTEM, U, rank=0), ValueError, "rank=0"),
    (lambda: mpifast.tsvd(SYSTEM, U, rank=3.0), TypeError, "rank must be an integer"),
    (
        lambda: mpifast.tsvd(SYSTEM, U, choice="best"),
        ValueError,
        "choice='best' is unknown: choose one of 'gcv', 'discrepancy', 'lcurve', 'tolerance'",
    ),
    (
        lambda: mpifast.tsvd(SYSTEM, U, choice="discrepancy"),
        ValueError,
        "noise_level=None does not fit choice='discrepancy': give it with",
    ),
    (lambda: mpifast.tsvd(SYSTEM, U, noise_level=0.1), ValueError, "noise_level=0.1 does not fit choice='gcv'"),
    (
        lambda: mpifast.tsvd(SYSTEM, U, choice="tolerance"),
        ValueError,
        "tolerance=None does not fit choice='tolerance': give it with",
    ),
    (lambda: mpifast.tsvd(SYSTEM, U, choice="tolerance", tolerance=2), ValueError, "tolerance=2 is out of range"),
    (lambda: mpifast.tsvd(SYSTEM, U, tolerance=0.1), ValueError, "tolerance=0.1 does not fit choice='gcv'"),
    (lambda: mpifast.tikhonov(SYSTEM, U, choice="tolerance"), ValueError, "choice='tolerance' is unknown"),
    (lambda: mpifast.tikhonov(SYSTEM, U, choice=3), ValueError, "choice=3"),
    (lambda: mpifast.tikhonov(SYSTEM, U, choice="discrepancy", noise_level=-1), ValueError, "noise_level=-1"),
    (
        lambda: mpifast.tikhonov(SYSTEM, U, choice="discrepancy", noise_level=[1.0]),
        ValueError,
        r"noise_level has shape \(1,\)",
    ),
    (lambda: mpifast.kaczmarz(SYSTEM, U, iterations=0), ValueError, "iterations=0"),
    (lambda: mpifast.kaczmarz(SYSTEM, U, iterations=1e3), TypeError, "iterations must be an integer"),
    (lambda: mpifast.kaczmarz(SYSTEM, U, tolerance=-1), ValueError, "tolerance=-1"),
    (
        lambda: mpifast.kaczmarz(SYSTEM, U, weights="rows"),
        ValueError,
        "weights='rows' is unknown: choose one of 'energy'",
    ),
    (lambda: mpifast.kaczmarz(SYSTEM, U, weights=U[0, :5]), ValueError, r"weights has shape \(5,\), expected \(14,\)"),
    (lambda: mpifast.kaczmarz(SYSTEM, U, weights=U[0] - 1), ValueError, "weights contains -1"),
    (lambda: mpifast.kaczmarz(SYSTEM, U, nonnegative="yes"), TypeError, "nonnegative must be True or False"),
    (
        lambda: mpifast.kaczmarz(SYSTEM, U, order="reverse"),
        ValueError,
        "order='reverse' is unknown: choose one of 'sequential', 'random'",
    ),
    (lambda: mpifast.kaczmarz(SYSTEM, U, seed=-1), ValueError, "seed=-1"),
    (lambda: mpifast.kaczmarz(SYSTEM, U, progress="no"), TypeError, "progress must be True or False"),
    (lambda: mpifast.kaczmarz(SYSTEM, U, threads=0), ValueError, "threads=0"),
    (lambda: mpifast.sparse(SYSTEM, U, iterations=-5), ValueError, "iterations=-5"),
    (lambda: mpifast.sparse(SYSTEM, U, tolerance=NAN), ValueError, "tolerance=nan"),
    (lambda: mpifast.sparse(SYSTEM, U, nonnegative=1), TypeError, "nonnegative"),
    (lambda: mpifast.sparse(SYSTEM, U, threads=1.5), TypeError, "threads"),
    # analysis and metrics
    (lambda: mpifast.analysis.fwhm(40e-9, SCANNER), TypeError, "particle"),
    (lambda: mpifast.analysis.fwhm(PARTICLE, None), TypeError, "scanner"),
    (lambda: mpifast.analysis.chebyshev_basis(0, [0.0]), ValueError, "count=0"),
    (lambda: mpifast.analysis.chebyshev_basis(3, [1.5]), ValueError, r"z must be one-dimensional and within \[-1, 1\]"),
    (lambda: mpifast.analysis.chebyshev_basis(3, [NAN]), ValueError, "z is not finite"),
    (lambda: mpifast.analysis.chebyshev_correlation(np.ones((2, 9))), ValueError, "weights has 2 rows"),
    (lambda: mpifast.analysis.chebyshev_correlation(np.ones((9, 3))), ValueError, "count=6 .*from 1 to 3"),
    (lambda: mpifast.analysis.chebyshev_correlation(np.ones((9, 6)), margin=4), ValueError, "margin=4 .*from 0 to 3"),
    (lambda: mpifast.analysis.orthogonality([1.0]), ValueError, "functions must have two dimensions"),
    (lambda: mpifast.analysis.coherence([[0.0, 1.0]]), ValueError, "1 zero columns"),
    (lambda: mpifast.analysis.coherence([[1.0]]), ValueError, "at least two columns"),
    (lambda: mpifast.analysis.condition_number(with_nan(C)), ValueError, "matrix is not finite"),
    (lambda: mpifast.analysis.end_curvature(np.ones((2, 9))), ValueError, "weights has 2 rows"),
    (lambda: mpifast.metrics.nrmse([1.0], [0.0]), ValueError, "phantoms are all zero.*use mse"),
    (lambda: mpifast.metrics.psnr([1.0], [0.0], peak=0), ValueError, "peak=0"),
    (lambda: mpifast.metrics.ssim([1.0], [0.0]), ValueError, "at least 7 by 7"),
    (lambda: mpifast.metrics.mse([1.0], [1.0, 2.0]), ValueError, r"images have shape \(1,\), phantoms \(2,\)"),
    (lambda: mpifast.metrics.mse([], []), ValueError, "images are empty"),
    (lambda: mpifast.metrics.mse([NAN], [1.0]), ValueError, "images is not finite"),
    (lambda: mpifast.metrics.mse(["a"], [1.0]), TypeError, "images"),
]


@pytest.mark.parametrize(("call", "error", "message"), CASES, ids=[message[:40] for _, _, message in CASES])
def test_names_the_parameter_and_the_cure(call, error, message):
    with pytest.raises(error, match=message):
        call()
