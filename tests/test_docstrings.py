"""Every example in a docstring runs."""

import doctest
import importlib
import pkgutil

import pytest

import mpifast

MODULES = [
    info.name
    for info in pkgutil.walk_packages(mpifast.__path__, "mpifast.")
    if not info.name.endswith(("__main__", "_kernels"))
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    if name.startswith("mpifast.io.torch"):
        pytest.importorskip("torch", reason="PyTorch is in the extra test-all")
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_public_functions_have_examples():
    for name in mpifast.__all__:
        value = getattr(mpifast, name)
        if (
            callable(value) and name != "SystemMatrix" and not name.endswith("Warning")
        ):  # the one is made by system_matrix
            assert ">>> " in value.__doc__, name
