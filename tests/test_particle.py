"""The particle's moment and Langevin parameter."""

import dataclasses

import pytest
from scipy import constants

import mpifast


def test_oracle_at_25_nm():
    # Identity 6, with the constants it was computed with: mu0 = 4 pi 1e-7 and the older Boltzmann constant.
    particle = mpifast.Particle(
        diameter=25e-9, saturation_magnetization=0.6 / (4e-7 * 3.141592653589793), temperature=294.0
    )
    assert particle.magnetic_moment == pytest.approx(3.90625e-18, rel=1e-12)
    assert particle.beta * constants.k / 1.380650424e-23 == pytest.approx(962.3409658874183, rel=1e-12)


def test_defaults_are_the_papers():
    particle = mpifast.Particle(40e-9)
    assert particle.saturation_field == pytest.approx(0.6)
    assert particle.temperature == 300.0


def test_moment_grows_with_the_cube():
    assert mpifast.Particle(50e-9).beta == pytest.approx(8 * mpifast.Particle(25e-9).beta)


def test_is_immutable_and_hashable():
    particle = mpifast.Particle(40e-9)
    with pytest.raises(dataclasses.FrozenInstanceError):
        particle.diameter = 1.0
    assert {particle, mpifast.Particle(40e-9)} == {particle}


def test_a_representation_has_only_what_is_given():
    particle = mpifast.Particle(2e-8, 4e5, relaxation=mpifast.Debye(1e-6))
    plain = "diameter=2e-08, saturation_magnetization=400000.0, temperature=300.0"
    assert repr(particle) == f"Particle({plain}, relaxation=Debye(tau=1e-06, weights=()))"
    assert repr(mpifast.Particle(2e-8, 4e5)) == f"Particle({plain})"
