"""Importing mpifast is cheap, and its public names are what the documentation says."""

import functools
import types

import pytest

import mpifast


def test_import_loads_nothing_heavy(run_python):
    code = (
        "import sys, mpifast; print([m for m in ('numpy', 'numba', 'scipy', 'matplotlib', 'tqdm') if m in sys.modules])"
    )
    done = run_python("-c", code)
    assert done.stdout.strip() == "[]", done.stderr


def test_physics_loads_neither_numba_nor_matplotlib(run_python):
    code = (
        "import sys, mpifast; mpifast.langevin(1.0); mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9));"
        "print([m for m in ('numba', 'matplotlib') if m in sys.modules])"
    )
    done = run_python("-c", code)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("name", mpifast.__all__)
def test_every_public_name_exists_and_is_documented(name):
    value = getattr(mpifast, name)
    assert name == "__version__" or value.__doc__
    assert name in dir(mpifast)


def test_an_unknown_name_is_named():
    with pytest.raises(AttributeError, match="No mpifast attribute Spectrum"):
        mpifast.Spectrum  # noqa: B018


def test_dir_shows_the_public_names_only():
    assert sorted(dir(mpifast)) == sorted(mpifast.__all__)


MODULES = ["analysis", "cluster", "metrics", "noise", "phantoms", "plots", "receive", "io", "io.onnx", "io.torch"]


@pytest.mark.parametrize("name", MODULES)
def test_dir_of_a_module_shows_its_public_names_only(name):
    if name == "io.torch":
        pytest.importorskip("torch", reason="PyTorch is in the extra test-all")
    module = functools.reduce(getattr, name.split("."), mpifast)  # without an import of its own
    assert dir(module) == sorted(module.__all__)
    for public in dir(module) if name != "io" else ():
        value = getattr(module, public)
        assert not callable(value) or (value.__module__.startswith("mpifast.") and ">>> " in value.__doc__), public


def test_all_public_modules_are_looked_at():
    found = {name for name in mpifast.__all__ if isinstance(getattr(mpifast, name), types.ModuleType)}
    assert found == {name for name in MODULES if "." not in name}


@pytest.mark.parametrize(
    ("module", "library", "extra"), [("mpifast.io.torch", "torch", "torch"), ("mpifast.io.onnx", "onnx", "onnx")]
)
def test_a_missing_extra_is_named(run_python, module, library, extra):
    code = f"import sys; sys.modules[{library!r}] = None; import mpifast; mpifast.Network(2, 2); import {module}"
    done = run_python("-c", code)
    assert (
        f"ModuleNotFoundError: {module} needs {'PyTorch' if library == 'torch' else library}: python -m pip install "
        f'"mpifast[{extra}]"' in done.stderr
    )


def test_no_interface_loads_its_library_before_use(run_python):
    code = (
        "import sys, mpifast, mpifast.io; network = mpifast.Network(1, 1, scaling='none'); network.predict([[1.0]]);"
        "print([m for m in ('torch', 'onnx', 'sklearn', 'pylops') if m in sys.modules])"
    )
    done = run_python("-c", code)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_regressor_names_its_extra(run_python):
    done = run_python("-c", "import sys; sys.modules['sklearn'] = None; import mpifast; mpifast.SpectrumRegressor")
    assert 'needs scikit-learn: python -m pip install "mpifast[sklearn]"' in done.stderr
