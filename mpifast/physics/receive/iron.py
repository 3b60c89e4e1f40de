"""Concentrations: the part of a volume that is magnetic material, and the iron in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from mpifast import _validation as check

DENSITY, MOLAR_MASS, ATOMS = 5180.0, 231.53, 3  # magnetite, Fe3O4: kg/m^3, g/mol, iron atoms of a unit
IRON = 55.845  # g/mol
UNITS = ("mol/l", "mg/ml")


def iron_concentration(
    c: Any, unit: str = "mol/l", *, density: float = DENSITY, molar_mass: float = MOLAR_MASS, atoms: float = ATOMS
) -> np.ndarray | float:
    """Iron concentration of images and phantoms.

    An image c of mpifast is the part of a voxel that is magnetic material: c = 1 is solid core material, whose
    magnetisation at saturation is Ms of the particle, whatever its diameter. So c Ms is the magnetisation of the voxel
    at saturation in A/m, and the iron in it follows from the density of the core alone.

    Parameters
    ----------
    c : array_like
        float[...], concentrations in mpifast's unit.
    unit : {"mol/l", "mg/ml"}, optional
        Of the result: mol(Fe)/l as in MDF files, or mg(Fe)/ml.
    density : float, optional
        Of the core in kg/m^3; that of magnetite, 5,170 to 5,200, by default.
    molar_mass, atoms : float, optional
        Mass of a formula unit of the core in g/mol, and its iron atoms; Fe3O4 by default.

    Returns
    -------
    ndarray or float
        float64[...].

    Raises
    ------
    TypeError, ValueError
        If an argument is of the wrong type or range, or not finite.

    References
    ----------
    Density of magnetite: Cornell and Schwertmann, The Iron Oxides, 2003. Molar masses from the standard atomic weights.

    Examples
    --------
    >>> import mpifast
    >>> print(f"{mpifast.iron_concentration(1.0):.2f} mol/l, {mpifast.iron_concentration(1.0, 'mg/ml'):.0f} mg/ml")
    67.12 mol/l, 3748 mg/ml
    """
    array = check.finite("c", check.real_array("c", c))
    return _number(array * _solid(unit, density, molar_mass, atoms))


def volume_fraction(
    iron: Any, unit: str = "mol/l", *, density: float = DENSITY, molar_mass: float = MOLAR_MASS, atoms: float = ATOMS
) -> np.ndarray | float:
    """The concentration in mpifast's unit, the part of the volume that is magnetic material, from that of the iron: the
    inverse of `iron_concentration`, with the same parameters.

    Examples
    --------
    >>> import mpifast
    >>> print(f"{mpifast.volume_fraction(5.0, 'mg/ml'):.6f}")
    0.001334
    """
    array = check.finite("iron", check.real_array("iron", iron))
    return _number(array / _solid(unit, density, molar_mass, atoms))


def _solid(unit: str, density: float, molar_mass: float, atoms: float) -> float:
    """The concentration of the iron in solid core material."""
    check.choice("unit", unit, UNITS)
    density = check.positive("density", density, "kg/m^3")
    units = density / check.positive("molar_mass", molar_mass, "g/mol")  # mol/l: kg/m^3 is g/l
    iron = units * check.positive("atoms", atoms)
    return iron if unit == "mol/l" else iron * IRON


def _number(array: np.ndarray) -> np.ndarray | float:
    return array if array.ndim else float(array)
