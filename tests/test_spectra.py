"""The virtual data set: the same bits for any slicing, order and thread count."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mpifast
from mpifast import reference

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered")


@pytest.mark.loops
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("snr_db", [None, 20.0])
@pytest.mark.parametrize("harmonics", [1, 14])
def test_agrees_with_the_slow_twin(dtype, snr_db, harmonics):
    system = mpifast.system_matrix(mpifast.Scanner(voxels=11), mpifast.Particle(40e-9), harmonics=harmonics)
    spectra = mpifast.Spectra(system, seed=9, density=0.25, snr_db=snr_db, dtype=dtype)
    u, c = spectra[100:105]
    assert u.dtype == dtype
    assert c.dtype == np.uint8
    for i in range(5):
        np.testing.assert_array_equal(c[i], reference.phantom(9, 100 + i, 11, 1, 2))
        clean = reference.spectra(system.real, c[i : i + 1])[0]
        noise = spectra.noise_level * reference.noise(9, 100 + i, harmonics)
        np.testing.assert_allclose(u[i], clean + noise, atol=1e-5)


@pytest.fixture(scope="module")
def thousand(small_system):
    return {snr: mpifast.Spectra(small_system, seed=7, snr_db=snr)[:1000] for snr in (None, 30.0)}


@given(
    start=st.integers(0, 1000),
    stop=st.integers(0, 1000),
    step=st.one_of(st.none(), st.integers(1, 300)),
    snr=st.sampled_from([None, 30.0]),
    threads=st.sampled_from([1, 2, 4, 50]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_slice_on_any_threads_has_the_same_bits(small_system, thousand, start, stop, step, snr, threads):
    u, c = mpifast.Spectra(small_system, seed=7, snr_db=snr, threads=threads)[start:stop:step]
    np.testing.assert_array_equal(u, thousand[snr][0][start:stop:step])
    np.testing.assert_array_equal(c, thousand[snr][1][start:stop:step])


def test_single_samples_arrays_and_backward_slices(small_system, thousand):
    spectra = mpifast.Spectra(small_system, seed=7)
    u, c = thousand[None]
    np.testing.assert_array_equal(spectra[7][0], u[7])
    np.testing.assert_array_equal(spectra[np.int64(7)][1], c[7])
    np.testing.assert_array_equal(spectra[[5, 3, 900, 3]][0], u[[5, 3, 900, 3]])
    np.testing.assert_array_equal(spectra[np.array([], int)][0], u[:0])
    np.testing.assert_array_equal(spectra[20:10:-2][0], u[20:10:-2])
    assert spectra[5:5][0].shape == (0, 14)


def test_samples_far_out_cost_nothing(small_system):
    spectra = mpifast.Spectra(small_system, seed=7)
    far = 2**61
    np.testing.assert_array_equal(spectra[far : far + 3][1][1], spectra[far + 1][1])


def test_batches_tile_the_data_set(small_system, thousand):
    spectra = mpifast.Spectra(small_system, seed=7)
    parts = list(spectra.batches(300, stop=1000))
    assert [len(u) for u, _ in parts] == [300, 300, 300, 100]
    np.testing.assert_array_equal(np.concatenate([u for u, _ in parts]), thousand[None][0])
    endless = [len(c) for _, c in itertools.islice(spectra.batches(10, start=995), 3)]
    assert endless == [10, 10, 10]


def test_noise_belongs_to_the_same_phantoms_and_is_independent_of_the_type(small_system):
    clean, noisy = mpifast.Spectra(small_system, seed=7)[:50], mpifast.Spectra(small_system, seed=7, snr_db=10.0)[:50]
    double = mpifast.Spectra(small_system, seed=7, snr_db=10.0, dtype="float64")[:50]
    np.testing.assert_array_equal(clean[1], noisy[1])
    assert np.abs(noisy[0] - clean[0]).max() > 0.1
    np.testing.assert_allclose(double[0], noisy[0], atol=1e-5)


def test_seeds_differ(small_system):
    assert not np.array_equal(
        mpifast.Spectra(small_system, seed=1)[:20][1], mpifast.Spectra(small_system, seed=2)[:20][1]
    )


def test_phantoms_are_those_of_the_phantom_module(small_system):
    spectra = mpifast.Spectra(small_system, seed=4, density=0.1)
    np.testing.assert_array_equal(spectra[5:30][1], mpifast.phantoms.random(25, 11, density=0.1, seed=4, start=5))


def test_spectra_are_those_of_the_forward_model(small_system, thousand):
    u, c = thousand[None]
    np.testing.assert_array_equal(small_system.spectra(c), u)


@pytest.mark.parametrize("stop", [2**50, 2**62])
def test_what_does_not_fit_into_memory_is_named(small_system, stop):
    with pytest.raises(MemoryError, match=r"samples take [\d,]+ GB: ask for fewer, or stream them"):
        mpifast.Spectra(small_system)[:stop]


def test_is_endless_and_says_so(small_system):
    with pytest.raises(TypeError, match=r"endless.*batches"):
        iter(mpifast.Spectra(small_system))
    assert "14 equations, 11 voxels" in repr(mpifast.Spectra(small_system))
