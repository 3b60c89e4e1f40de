"""Every example in a docstring runs."""

import doctest
import importlib
import inspect
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


def public():
    """Functions, classes and methods of the public names, and those in public modules: (name, object)."""
    for name in mpifast.__all__:
        value = getattr(mpifast, name)
        if inspect.ismodule(value):
            found = [(part, getattr(value, part, None)) for part in vars(value) if part in dir(value)]
            pairs = [(f"{name}.{part}", thing) for part, thing in found if thing.__class__.__module__ != "numpy"]
        else:
            pairs = [(name, value)]
        for label, thing in pairs:
            if inspect.isclass(thing) and not issubclass(thing, Warning):
                yield label, thing
                yield from methods(label, thing)
            elif callable(thing) and not inspect.isclass(thing):
                yield label, thing


def methods(label, kind):
    """Public methods of a class, inherited from classes of mpifast included."""
    for owner in kind.__mro__:
        if owner.__module__.startswith("mpifast."):
            for name, value in vars(owner).items():
                function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
                if inspect.isfunction(function) and not name.startswith("_"):
                    yield f"{label}.{name}", getattr(kind, name)


def test_public_functions_classes_and_methods_have_examples():
    found = dict(public())
    assert {"system_matrix", "Network.fit", "SystemMatrix.adjoint", "metrics.mse", "phantoms.letters"} <= found.keys()
    assert sorted(name for name, value in found.items() if ">>> " not in (value.__doc__ or "")) == []
