"""Build the Cython kernels; everything else about the package is in pyproject.toml.

The extensions are portable by default: they run on every CPU of their architecture.
``MPIFAST_ARCH=native pip install .`` compiles for this machine alone; never distribute such a build.
"""

import os
import sys

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

KERNELS = ["mpifast.physics._langevin_kernels", "mpifast.physics._system_matrix_kernels"]

DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "initializedcheck": False,
    "cdivision": True,
    "freethreading_compatible": True,
}


def compiler_flags() -> list[str]:
    """Optimise, but never contract a*b+c into one rounding: the kernels give the same bits with and without FMA."""
    if sys.platform == "win32":
        return ["/O2", "/fp:precise"]
    flags = ["-O3", "-ffp-contract=off", "-fno-math-errno"]
    arch = os.environ.get("MPIFAST_ARCH", "portable")
    if arch not in ("portable", "native"):
        raise SystemExit(f"MPIFAST_ARCH={arch!r}: use 'portable' (the default) or 'native'")
    return flags + (["-march=native"] if arch == "native" else [])


def extension(module: str) -> Extension:
    """One kernel: its .pyx beside the Python module it serves."""
    return Extension(
        module,
        [module.replace(".", "/") + ".pyx"],
        include_dirs=[numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
        extra_compile_args=compiler_flags(),
    )


setup(ext_modules=cythonize([extension(module) for module in KERNELS], compiler_directives=DIRECTIVES))
