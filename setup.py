"""Build the Cython kernels and the matrix products in C; everything else about the package is in pyproject.toml.

The extensions are portable by default: they run on every CPU of their architecture.
``MPIFAST_ARCH=native pip install .`` compiles for this machine alone; never distribute such a build.
``MPIFAST_CHECKS=bounds`` checks every index, ``MPIFAST_CHECKS=sanitize`` builds with AddressSanitizer and
UndefinedBehaviorSanitizer too: see ``.ci/trust``.
"""

import os
import sys

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

KERNELS = [
    "mpifast.physics.tracer._langevin_kernels",
    "mpifast.physics._system_matrix_kernels",
    "mpifast.physics.tracer._vector_langevin_kernels",
]


def option(name: str, *values: str) -> str:
    """A variable of the environment; the first value is the default."""
    value = os.environ.get(name, values[0])
    if value not in values:
        raise SystemExit(f"{name}={value!r}: use {', '.join(map(repr, values))}; {values[0]!r} is the default")
    return value


CHECKS = option("MPIFAST_CHECKS", "none", "bounds", "sanitize")
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": CHECKS != "none",
    "wraparound": False,
    "initializedcheck": CHECKS != "none",
    "cdivision": True,
    "freethreading_compatible": True,
}


def compiler_flags(contract: str) -> list[str]:
    """Optimise. ``contract`` says whether a*b+c may be rounded once: "off" or "fast"."""
    if sys.platform == "win32":
        return ["/O2", "/fp:precise"]
    flags = ["-O3", f"-ffp-contract={contract}", "-fno-math-errno"]
    if CHECKS == "sanitize":
        flags += ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    return flags + (["-march=native"] if option("MPIFAST_ARCH", "portable", "native") == "native" else [])


def extension(module: str, suffix: str, contract: str) -> Extension:
    """One kernel: its source beside the Python module it serves."""
    return Extension(
        module,
        [module.replace(".", "/") + suffix],
        include_dirs=[numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
        extra_compile_args=compiler_flags(contract),
        extra_link_args=["-fsanitize=address,undefined"] if CHECKS == "sanitize" else [],
    )


# The Cython kernels give the same bits with and without FMA; the products are as fast as FMA makes them.
pyx = [extension(module, ".pyx", "off") for module in KERNELS]
cython = cythonize(pyx, compiler_directives=DIRECTIVES, force=True)  # of other settings, maybe
setup(
    ext_modules=[*cython, extension("mpifast._compiled._products", ".c", "fast")],
    # Objects of other settings are not taken for today's: their sources are the same.
    options={"build": {"build_base": "build" if CHECKS == "none" else f"build/{CHECKS}"}},
)
