"""ONNX: onnxruntime gives the network's images, and files appear whole or not at all."""

import numpy as np
import onnx
import onnxruntime
import pytest

import mpifast
import mpifast.io.onnx
from mpifast.networks.scaling import MODES


def network(scaling="harmonic", hidden=(), activation="sigmoid", bias=False, dtype="float32"):
    return mpifast.Network(14, 11, hidden, activation, scaling, bias, dtype, seed=3)


NETWORKS = [
    *({"scaling": mode, "dtype": dtype} for mode in MODES for dtype in ("float32", "float64")),
    *({"hidden": (9, 5), "bias": True, "scaling": mode} for mode in MODES),
    {"hidden": 9, "activation": ("sigmoid", "linear"), "bias": True, "scaling": "standard", "dtype": "float64"},
    {"hidden": 9, "activation": "linear"},
]


@pytest.mark.parametrize("options", NETWORKS, ids=str)
def test_onnxruntime_gives_the_same_images(small_system, tmp_path, options):
    spectra, net = mpifast.Spectra(small_system, seed=7), network(**options)
    net.fit(*spectra[:200], epochs=2, learning_rate=1e-3 if net.scaling_mode == "none" else 0.1)
    mpifast.io.onnx.export(net, tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx", providers=["CPUExecutionProvider"])
    u = spectra[200:300][0].astype(net.dtype)
    u[0], u[1] = 0, 1e-38  # without signal
    for n in (100, 1):
        (images,) = session.run(["images"], {"spectra": u[:n]})
        assert images.dtype == net.dtype
        tolerance = 1e-6 if net.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(images, net.predict(u[:n]), rtol=tolerance, atol=tolerance)


def test_paper_size(system, tmp_path):
    u, c = mpifast.Spectra(system, seed=7)[:2000]
    net = mpifast.Network(inputs=200, outputs=129, seed=1)
    net.fit(u, c, epochs=5)
    mpifast.io.onnx.export(net, str(tmp_path / "net.onnx"))
    (images,) = onnxruntime.InferenceSession(tmp_path / "net.onnx").run(None, {"spectra": u})
    np.testing.assert_allclose(images, net.predict(u), atol=1e-6)


def test_file_says_what_it_is(tmp_path):
    mpifast.io.onnx.export(network("sample", dtype="float64"), tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert (model.producer_name, model.producer_version) == ("mpifast", mpifast.__version__)
    assert ([(entry.domain, entry.version) for entry in model.opset_import], model.ir_version) == ([("", 18)], 8)
    assert "Network(14 -> 11" in model.graph.doc_string
    assert not model.metadata_props
    assert [value.name for value in (*model.graph.input, *model.graph.output)] == ["spectra", "images"]
    assert [dim.dim_param or dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim] == ["n", 14]


def test_file_keeps_the_fingerprint_of_the_system(small_system, tmp_path):
    net = mpifast.Network(system=small_system, scaling="sample")
    mpifast.io.onnx.export(net, tmp_path / "net.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "net.onnx")
    assert session.get_modelmeta().custom_metadata_map == {"mpifast_system": small_system.fingerprint}


def test_a_failed_export_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "net.onnx"
    mpifast.io.onnx.export(network("none"), path)
    before = path.read_bytes()
    monkeypatch.setattr(mpifast.io.onnx, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match=r"network has 616 bytes of weights, an ONNX file holds 100.*fewer units"):
        mpifast.io.onnx.export(network("none"), path)
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"has not been trained.*'harmonic'.*call fit first"):
        mpifast.io.onnx.export(network(), path)
    with pytest.raises(TypeError, match=r"network must be a mpifast\.Network"):
        mpifast.io.onnx.export("net", path)
    with pytest.raises(FileNotFoundError):
        mpifast.io.onnx.export(network("none"), tmp_path / "nowhere" / "net.onnx")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
