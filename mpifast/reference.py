"""The slow, obvious twin of every kernel, in plain NumPy.

These functions are the oracle of the tests, the baseline of the benchmarks and, for a reader, the shortest statement of
what the fast code computes. They check nothing and optimise nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Parameters = list[np.ndarray]  # [units, inputs] of each layer; with a bias, [units, inputs + 1]


def langevin(x: Any) -> np.ndarray:
    """L(x) = coth x - 1/x, by the series x/3 - x^3/45 + ... near zero; relative error 1e-12."""
    x = np.asarray(x, np.float64)
    small = np.abs(x) < 0.05
    safe = np.where(small, 1.0, x)
    return np.where(
        small, x / 3 - x**3 / 45 + 2 * x**5 / 945 - x**7 / 4725 + 2 * x**9 / 93555, 1 / np.tanh(safe) - 1 / safe
    )


def langevin_derivative(x: Any) -> np.ndarray:
    """L'(x) = 1/x^2 - 1/sinh^2 x, by the series 1/3 - x^2/15 + ... near zero; relative error 1e-10."""
    x = np.asarray(x, np.float64)
    small = np.abs(x) < 0.1
    safe = np.where(small, 1.0, np.clip(np.abs(x), 0.0, 300.0))  # sinh overflows later, and its term is long zero
    near = 1 / 3 - x**2 / 15 + 2 * x**4 / 189 - x**6 / 675 + 2 * x**8 / 10395
    return np.where(small, near, 1 / np.where(small, 1.0, x) ** 2 - 1 / np.sinh(safe) ** 2)


def magnetization(xi: Any) -> np.ndarray:
    """L(|xi|) xi/|xi|, float64[..., 3]."""
    xi = np.asarray(xi, np.float64)
    size = np.linalg.norm(xi, axis=-1, keepdims=True)
    return np.where(size > 0, langevin(size) / np.where(size > 0, size, 1.0), 1 / 3) * xi


def magnetization_jacobian(xi: Any) -> np.ndarray:
    """Its derivative dm_i/dxi_j = L'(x) n_i n_j + (L(x)/x) (delta_ij - n_i n_j), float64[..., 3, 3]."""
    xi = np.asarray(xi, np.float64)
    size = np.linalg.norm(xi, axis=-1)[..., None, None]
    safe = np.where(size > 0, size, 1.0)
    along = xi[..., :, None] / safe * xi[..., None, :] / safe
    return langevin_derivative(size) * along + np.where(size > 0, langevin(size) / safe, 1 / 3) * (np.eye(3) - along)


def anisotropic_magnetization(xi: Any, axis: Any, alpha: Any, nodes: int = 400) -> np.ndarray:
    """The mean of u over the sphere with the weight exp(alpha (axis . u)^2 + xi . u), float64[..., 3].

    By Gauss-Legendre nodes along the axis and equidistant angles around it. xi [..., 3], axis [..., 3], alpha [...].
    """
    xi, axis, alpha = np.asarray(xi, np.float64), np.asarray(axis, np.float64), np.asarray(alpha, np.float64)
    first = np.cross(axis, np.where(np.abs(axis[..., :1]) < 0.7, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    second = np.cross(axis, first)
    t, weights = np.polynomial.legendre.leggauss(nodes)
    angle = 2 * np.pi * np.arange(nodes) / nodes
    q = np.sqrt(1 - t**2)
    u = np.stack(np.broadcast_arrays(t[:, None], q[:, None] * np.cos(angle), q[:, None] * np.sin(angle)))
    along = np.stack([(xi * direction).sum(axis=-1) for direction in (axis, first, second)], axis=-1)
    exponent = np.tensordot(along, u, 1) + np.multiply.outer(alpha, u[0] ** 2)
    density = weights[:, None] * np.exp(exponent - exponent.max(axis=(-2, -1), keepdims=True))
    density /= density.sum(axis=(-2, -1), keepdims=True)
    mean = np.tensordot(density, u, ([-2, -1], [1, 2]))
    return mean[..., :1] * axis + mean[..., 1:2] * first + mean[..., 2:] * second


def fourier_coefficients(offsets: np.ndarray, drive: float, harmonics: int, nodes: int) -> np.ndarray:
    """c_n(a, b) = (2/pi) int_0^pi L(a + b cos t) cos(n t) dt by the Gauss-Chebyshev rule: float64[harmonics, offsets],
    n = 1, 2, ...
    """
    angle = np.pi * (np.arange(nodes) + 0.5) / nodes
    magnetization = langevin(offsets[:, None] + drive * np.cos(angle))
    return 2 / nodes * np.cos(np.outer(np.arange(1, harmonics + 1), angle)) @ magnetization.T


def system_matrix(scanner: Any, particle: Any, harmonics: int = 200, nodes: int = 4096) -> np.ndarray:
    """complex128[harmonics, voxels]: S_k = -i pi k mu0 Ms c_k (eq. 3)."""
    offsets = particle.beta * scanner.gradient * scanner.positions
    coefficients = fourier_coefficients(offsets, particle.beta * scanner.drive_amplitude, harmonics, nodes)
    return -1j * np.pi * particle.saturation_field * np.arange(1, harmonics + 1)[:, None] * coefficients


def sampled_rows(scanner: Any, particle: Any, channels: Any, numbers: Any, samples: int) -> np.ndarray:
    """Two-sided coefficients of the magnetisation by a transform of ``samples`` times, complex128[rows, voxels]."""
    times = np.arange(samples) / samples * scanner.period
    xi = particle.beta * scanner.field(scanner.positions[:, None], times)
    spectra = np.fft.fft(magnetization(xi), axis=1) / samples
    return spectra[:, numbers, channels].T


def recursion(target: np.ndarray, tau: float, period: float) -> np.ndarray:
    """The periodic m of tau dm/dt = target - m at equidistant times, float64[times], the target linear between them."""
    step = period / len(target) / tau
    keep = np.exp(-step)
    early = -np.expm1(-step) / step - keep  # weights of the values at the beginning and at the end of a step
    late = 1.0 - keep - early
    m = np.zeros(len(target))
    for _ in range(2):  # the second period begins where a periodic solution does
        start = m[-1] / (1.0 - keep ** len(target)) if m.any() else 0.0
        for j in range(len(target)):
            before = start if j == 0 else m[j - 1]
            m[j] = keep * before + early * target[j - 1] + late * target[j]
    return m


def relaxed(particle: Any, field: Any, period: float, periods: int, times: int) -> np.ndarray:
    """Magnetisation float64[3, times] in the field float64[3] of a time, stepped in time from zero: the last period."""
    from scipy.integrate import solve_ivp

    def change(time: float, m: np.ndarray) -> np.ndarray:
        xi = particle.beta * field(time)
        x = max(float(np.linalg.norm(xi)), 1e-9)
        ratio = langevin(x) / x
        along, across = particle.relaxation.rates(particle, np.array(x), np.array(ratio))
        pull = ratio * xi - m
        parallel = xi * (xi @ pull) / x**2
        return along * parallel + across * (pull - parallel)

    t = (periods - 1 + np.arange(times) / times) * period
    return solve_ivp(change, (0.0, t[-1]), np.zeros(3), "DOP853", t, rtol=1e-11, atol=1e-12).y


def moment_equations(xi: Any, alpha: float, tau: float, period: float, periods: int, times: int) -> np.ndarray:
    """Magnetisation float64[times] of the Fokker-Planck equation in the field xi of a time along the easy axis: 40
    Legendre moments, stepped in time from an even distribution; the last period.
    """
    from scipy.integrate import solve_ivp

    count = 40
    n = np.arange(1, count + 1)

    def change(time: float, w: np.ndarray) -> np.ndarray:
        padded = np.concatenate([[0.0, 1.0], w, [0.0, 0.0]])  # w_-1, whose factor is zero, w_0, ..., w_count + 2
        two_below, below, above, two_above = (padded[first : first + count] for first in (0, 1, 3, 4))
        free = (n - 1) / (2 * n - 1) * two_below - (n + 2) / (2 * n + 3) * two_above
        free += (2 * n + 1) / ((2 * n - 1) * (2 * n + 3)) * w
        right = -w + xi(time) * (below - above) / (2 * n + 1) + 2 * alpha / (2 * n + 1) * free
        return n * (n + 1) / (2 * tau) * right

    t = (periods - 1 + np.arange(times) / times) * period
    return solve_ivp(change, (0.0, t[-1]), np.zeros(count), "BDF", t, rtol=1e-8, atol=1e-10).y[0]


def harmonics_of(
    offset: np.ndarray, drive: float, speed: float, alpha: float, moments: int, harmonics: int, kept: int
) -> np.ndarray:
    """The same moments' harmonics as one sparse system of all w_nk, k = -harmonics to harmonics, for each offset:
    complex128[kept + 1, offsets].
    """
    from scipy.sparse import diags_array, eye_array, kron
    from scipy.sparse.linalg import spsolve

    n, k = np.arange(moments + 1.0), np.arange(-harmonics, harmonics + 1.0)
    inner = n > 0  # w_0 = 1 at all times
    free = diags_array(inner * (1 - 2 * alpha / ((2 * n - 1) * (2 * n + 3))))
    free -= diags_array((2 * alpha * (n - 1) / ((2 * n - 1) * (2 * n + 1)))[2:], offsets=-2)
    free += diags_array((inner * 2 * alpha * (n + 2) / ((2 * n + 1) * (2 * n + 3)))[:-2], offsets=2)
    turn = diags_array(1 / (2 * n[1:] + 1), offsets=-1) - diags_array((inner / (2 * n + 1))[:-1], offsets=1)
    change = diags_array(2 * speed * inner / np.maximum(n * (n + 1), 1))
    every, neighbours = eye_array(len(k)), diags_array([np.ones(len(k) - 1)] * 2, offsets=[-1, 1])
    balance = kron(every, free) + kron(diags_array(1j * k), change) - 0.5 * drive * kron(neighbours, turn)
    balance += kron(every, diags_array(1.0 - inner))
    source = np.zeros(balance.shape[0])
    source[harmonics * len(n)] = 1.0
    found = [spsolve((balance - xi * kron(every, turn)).tocsc(), source).reshape(len(k), -1)[:, 1] for xi in offset]
    return np.array(found).T[harmonics : harmonics + kept + 1]


def line_coefficients(
    along: np.ndarray, drive: float, across: np.ndarray, orders: np.ndarray, nodes: int = 4096
) -> tuple[np.ndarray, np.ndarray]:
    """Cosine coefficients c_n along and across one drive field by the Gauss-Chebyshev rule, float64[orders, points]."""
    angle = np.pi * (np.arange(nodes) + 0.5) / nodes
    xi = np.zeros((len(along), nodes, 3))
    xi[..., 0], xi[..., 1] = along[:, None] + drive * np.cos(angle), across[:, None]
    coefficients = 2 / nodes * np.cos(np.outer(orders, angle)) @ magnetization(xi)[..., :2]
    return coefficients[..., 0].T, coefficients[..., 1].T


def lissajous_coefficients(
    axes: Any, positions: np.ndarray, beta: float, channels: Any, numbers: Any, samples: int
) -> np.ndarray:
    """complex128[rows, voxels]: mhat_d[k] = (1/T) int_0^T L(|xi|) xi_d/|xi| exp(-2 pi i k t/T) dt of each row (channel,
    number), by ``samples`` samples of a period; positions [voxels, 3].
    """
    t = np.arange(samples) / samples
    drive = [axis.offset + axis.amplitude * np.sin(2 * np.pi * axis.multiple * t + axis.phase) for axis in axes]
    xi = np.array([beta * (axes[d].gradient * positions[:, d, None] + drive[d]) for d in range(3)])
    x = np.maximum(np.sqrt((xi**2).sum(axis=0)), 1e-9)
    coefficients = np.fft.fft(xi * (langevin(x) / x), norm="forward")
    return coefficients[np.asarray(channels), :, np.asarray(numbers)]


def spectra(real: np.ndarray, phantoms: np.ndarray) -> np.ndarray:
    """U = S c (eq. 4), float64[n, rows]."""
    return phantoms.astype(np.float64) @ real.T


def random_words(seed: int, sample: int, stream: int, count: int) -> np.ndarray:
    """The random words of one sample: uint64[count]."""
    return np.random.Philox(seed).advance((sample << 64) + (stream << 128)).random_raw(count)


def phantom(seed: int, sample: int, voxels: int, numerator: int = 1, digits: int = 1) -> np.ndarray:
    """Random binary phantom of density numerator / 2^digits, uint8[voxels]: sixty-four voxels from ``digits`` words."""
    groups = -(-voxels // 64)
    words = random_words(seed, sample, 0, max(groups * digits, 1))
    bits = np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little").reshape(-1, 64)
    result = np.full((groups, 64), numerator >> digits, np.uint8)
    for digit in range(digits):
        random = bits[digit : groups * digits : digits]
        result = result | random if (numerator >> digit) & 1 else result & random
    return result.ravel()[:voxels]


def uniform(seed: int, sample: int, count: int) -> np.ndarray:
    """Random numbers from 0 to 1 that a phantom is painted from, float64[count]: the upper 53 bits of each word."""
    return (random_words(seed, sample, 0, count) >> np.uint64(11)) * 2.0**-53


def solids(shapes: np.ndarray, positions: np.ndarray, edge: float, round_: bool) -> np.ndarray:
    """Shapes float64[shapes, 16] (centre, radii, axes, value) painted one over the other at float64[voxels, 3].

    ``inside`` is the distance from the surface: of a box exact within it, of an ellipsoid to first order, so it counts
    within the box around the shape and its edge only.
    """
    image = np.zeros(len(positions))
    for shape in shapes[shapes[:, 15] >= 0]:
        radii, axes = shape[3:6], shape[6:15].reshape(3, 3)
        along = (positions - shape[:3]) @ axes.T
        if round_:
            scaled = along / radii
            length, slope = np.linalg.norm(scaled, axis=1), np.linalg.norm(scaled / radii, axis=1)
            inside = np.where(slope > 0, (1 - length) * length / np.where(slope > 0, slope, 1), radii.min())
        else:
            inside = (radii - abs(along)).min(axis=1)
        corners = radii[:, None] * axes
        reach = (np.linalg.norm(corners, axis=0) if round_ else abs(corners).sum(axis=0)) + edge
        near = (abs(positions - shape[:3]) <= reach).all(axis=1)
        image += near * np.clip(0.5 + inside / edge, 0, 1) * (shape[15] - image)
    return image


def tubes(tubes: np.ndarray, positions: np.ndarray, edge: float) -> np.ndarray:
    """The largest value of tubes float64[tubes, 8] (two ends, a radius at each) at positions float64[voxels, 3]."""
    image = np.zeros(len(positions))
    for tube in tubes:
        start, along = tube[:3], tube[3:6] - tube[:3]
        place = np.clip((positions - start) @ along / (along @ along), 0, 1)
        distance = np.linalg.norm(positions - start - place[:, None] * along, axis=1)
        radius = tube[6] + place * (tube[7] - tube[6])
        inside = np.minimum(distance + edge / 2, radius) - np.maximum(distance - edge / 2, -radius)
        image = np.maximum(image, inside / edge)
    return image


def noise(seed: int, sample: int, rows: int, stream: int = 1) -> np.ndarray:
    """Standard normal noise of one sample by Box and Muller, float64[rows]."""
    half = (rows + 1) // 2
    words = random_words(seed, sample, stream, half)
    radius = np.sqrt(-2 * np.log(((words >> np.uint64(33)).astype(np.float64) + 0.5) / 2**31))
    angle = 2 * np.pi * (words & np.uint64(0xFFFFFFFF)).astype(np.float64) / 2**32
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:rows]


def pick(seed: int, sample: int, frames: int, stream: int = 1) -> int:
    """Which of some frames the noise of a sample is."""
    return int(random_words(seed, sample, stream, 1)[0]) * frames >> 64


def sway(seed: int, samples: np.ndarray, steps: np.ndarray, patterns: int, stream: int = 1) -> np.ndarray:
    """The random drift of each pattern, float64[n, patterns]; steps uint64[waves], in 2^-64 turns a sample."""
    phases = random_words(seed, 2**63, stream, patterns * len(steps)).reshape(patterns, -1)
    turns = samples.astype(np.uint64)[:, None, None] * steps + phases  # modulo a turn
    return np.sqrt(2 / len(steps)) * np.cos(2 * np.pi * (turns / 2.0**64)).sum(axis=2)


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)) (eq. 8)."""
    return 1 / (1 + np.exp(-z))


def forward(parameters: Parameters, linear: list[bool], bias: bool, inputs: np.ndarray) -> list[np.ndarray]:
    """Values of every layer, inputs first; each with a last column of ones if there is a bias and a layer to come.
    inputs [n, inputs].
    """
    states = [inputs]
    for weights, is_linear in zip(parameters, linear, strict=True):
        if bias:
            states[-1] = np.hstack([states[-1], np.ones((len(inputs), 1), inputs.dtype)])
        z = states[-1] @ weights.T
        states.append(z if is_linear else sigmoid(z))
    return states


def backward(
    parameters: Parameters, linear: list[bool], bias: bool, states: list[np.ndarray], targets: np.ndarray
) -> list[np.ndarray]:
    """Steepest descent of half the squared residuals, summed over samples: one array a layer, shaped like
    ``parameters``.
    """
    descent: list[np.ndarray] = []
    error = targets - states[-1]
    for layer in reversed(range(len(parameters))):
        y = states[layer + 1] if layer == len(parameters) - 1 or not bias else states[layer + 1][:, :-1]
        delta = error if linear[layer] else error * y * (1 - y)
        descent.insert(0, delta.T @ states[layer])
        error = delta @ (parameters[layer][:, :-1] if bias else parameters[layer])
    return descent


def train(
    parameters: Parameters,
    linear: list[bool],
    bias: bool,
    inputs: np.ndarray,
    targets: np.ndarray,
    rate: float,
    batch: int = 1,
) -> tuple[Parameters, float]:
    """One pass of the delta rule (eq. 7), a step each ``batch`` samples with their mean; new parameters and the pass'
    squared error.
    """
    parameters, total = [weights.copy() for weights in parameters], 0.0
    for start in range(0, len(inputs), batch):
        c = targets[start : start + batch].astype(inputs.dtype)
        states = forward(parameters, linear, bias, inputs[start : start + batch])
        total += float(np.square(states[-1].astype(np.float64) - c).sum())
        step = inputs.dtype.type(rate / len(c))
        for weights, descent in zip(parameters, backward(parameters, linear, bias, states, c), strict=True):
            weights += step * descent
    return parameters, total / targets.size


def tikhonov(real: np.ndarray, u: np.ndarray, alpha: float) -> np.ndarray:
    """Least ||S c - u||^2 + alpha ||c||^2 as the least squares of [S; sqrt(alpha) I] c = [u; 0]: float64[n, voxels]."""
    voxels = real.shape[1]
    stacked = np.vstack([real, np.sqrt(alpha) * np.eye(voxels)])
    return np.linalg.lstsq(stacked, np.hstack([u, np.zeros((len(u), voxels))]).T)[0].T


def tsvd(real: np.ndarray, u: np.ndarray, rank: int) -> np.ndarray:
    """The sum of v_i (u_i . u) / s_i over the first ``rank`` singular values: float64[n, voxels]."""
    left, values, right = np.linalg.svd(real, full_matrices=False)
    return u @ left[:, :rank] / values[:rank] @ right[:rank]


def loaded_rows(numbers: np.ndarray, divisors: np.ndarray, places: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Rows complex[n, frames] without their background complex[n, voxels or 1], divided by complex[n], in the order of
    ``places`` int[voxels]: their real and imaginary parts, float64[2, n, voxels].
    """
    rows = (numbers[:, places].astype(np.complex128) - background) / divisors[:, None]
    return np.stack([rows.real, rows.imag])


def kaczmarz(real: np.ndarray, u: np.ndarray, alpha: float, sweeps: int, nonnegative: bool = False) -> np.ndarray:
    """Sweeps over the equations S_k c + sqrt(alpha) v_k = u_k, top to bottom; Dykstra's projection onto c >= 0 after
    each: float64[n, voxels].
    """
    images = np.zeros((len(u), real.shape[1]))
    for c, spectrum in zip(images, u, strict=True):
        v, memory = np.zeros(len(real)), np.zeros(len(c))
        for _ in range(sweeps):
            for k, row in enumerate(real):
                step = (spectrum[k] - row @ c - np.sqrt(alpha) * v[k]) / (row @ row + alpha)
                c += step * row
                v[k] += np.sqrt(alpha) * step
            if nonnegative:
                raised = c + memory
                c[:] = np.maximum(raised, 0)
                memory = raised - c
    return images


def plain_kaczmarz(
    matrix: np.ndarray, u: np.ndarray, alpha: float, sweeps: int, nonnegative: bool = False
) -> np.ndarray:
    """The loop of RegularizedLeastSquares.jl on complex rows [rows, voxels] and spectra [n, rows]; the images are real
    after each sweep: float64[n, voxels].
    """
    images = np.zeros((len(u), matrix.shape[1]), np.complex128)
    energies = np.square(np.abs(matrix)).sum(axis=1)
    for x, spectrum in zip(images, u, strict=True):
        v = np.zeros(len(matrix), np.complex128)
        for _ in range(sweeps):
            for i, row in enumerate(matrix):
                if energies[i] > 0:
                    step = (spectrum[i] - row @ x - np.sqrt(alpha) * v[i]) / (energies[i] + alpha)
                    x += step * row.conj()
                    v[i] += step * np.sqrt(alpha)
            x[:] = np.maximum(x.real, 0) if nonnegative else x.real
    return images.real


def fused_lasso(
    real: np.ndarray, u: np.ndarray, l1: float, tv: float, shape: tuple[int, ...], steps: int, nonnegative: bool = True
) -> np.ndarray:
    """||S c - u||^2 + l1 ||c||_1 + tv TV(c) by the primal-dual method of Condat and Vu: float64[n, voxels]."""
    axes, voxels = len(shape), real.shape[1]
    sides = [np.eye(n, k=1) - np.eye(n) for n in shape]
    for side in sides:
        side[-1] = 0.0  # the last voxel has no next one
    d = np.zeros((axes, voxels, voxels))
    for axis in range(axes):
        factor: np.ndarray = np.eye(1)
        for other, n in enumerate(shape):
            factor = np.kron(factor, sides[axis] if other == axis else np.eye(n))
        d[axis] = factor
    sigma = np.linalg.norm(real, 2) ** 2 / (4 * axes)
    tau = 1.0 / (np.linalg.norm(real, 2) ** 2 + 4 * axes * sigma)
    images = np.zeros((len(u), voxels))
    for c, spectrum in zip(images, u, strict=True):
        p = np.zeros((axes, voxels))
        for _ in range(steps):
            z = c - tau * (2 * real.T @ (real @ c - spectrum) + np.einsum("ajk,aj->k", d, p))
            new = np.maximum(z - tau * l1, 0)
            if not nonnegative:
                new += np.minimum(z + tau * l1, 0)
            p += sigma * (d @ (2 * new - c))
            p /= np.maximum(np.sqrt((p**2).sum(axis=0)) / tv, 1.0) if tv > 0 else np.inf
            c[:] = new
    return images


def fista(real: np.ndarray, u: np.ndarray, alpha: float, steps: int, nonnegative: bool = False) -> np.ndarray:
    """Accelerated proximal gradients for ||S c - u||^2 + alpha ||c||_1; momentum restarts where it points uphill:
    float64[n, voxels].
    """
    images = np.zeros((len(u), real.shape[1]))
    lipschitz = np.linalg.norm(real, 2) ** 2
    for sample, spectrum in enumerate(u):
        c, y, t = images[sample], images[sample], 1.0
        for _ in range(steps):
            z = y - real.T @ (real @ y - spectrum) / lipschitz
            new = np.maximum(z - alpha / (2 * lipschitz), 0)
            if not nonnegative:
                new += np.minimum(z + alpha / (2 * lipschitz), 0)
            if (y - new) @ (new - c) > 0:
                t = 1.0
            after = (1 + np.sqrt(1 + 4 * t**2)) / 2
            c, y, t = new, new + (t - 1) / after * (new - c), after
        images[sample] = c
    return images
