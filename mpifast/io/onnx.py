"""Networks as ONNX files, for onnxruntime and whatever else reads them.

The extra ``onnx`` installs what it needs: ``python -m pip install "mpifast[onnx]"``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import mpifast
from mpifast import _validation as check
from mpifast._files import replacing
from mpifast.networks.network import Network
from mpifast.networks.scaling import SMALLEST

try:
    import onnx
    from onnx import helper, numpy_helper
except ModuleNotFoundError as error:
    raise ModuleNotFoundError('mpifast.io.onnx needs onnx: python -m pip install "mpifast[onnx]"') from error

__all__ = ["export"]

SYSTEM = "mpifast_system"  # metadata property: fingerprint of the system that the network is for
OPSET, IR_VERSION = 18, 8  # a pair of onnx 1.13: fixed, so that older runtimes read the files too
MAX_BYTES = 2**31 - 2**20  # of protobuf's 2 GiB, with room for all but the weights


def __dir__() -> list[str]:
    return __all__


def export(network: Network, path: str | Path) -> None:
    """Write a network to an ONNX file, its scaling inside; it appears whole or not at all.

    The graph (opset 18, IR version 8) has one input, ``spectra`` [n, inputs], raw and in the network's type, and one
    output, ``images`` [n, outputs]; n is free. The metadata property ``mpifast_system`` is the fingerprint of the
    system that the network is for, if the network knows it.

    Parameters
    ----------
    network : Network
        Trained, or with a scaling that needs no training set.
    path : str or Path
        File name; an existing file is replaced.

    Raises
    ------
    TypeError, ValueError
        If ``network`` is not a `Network`, its scaling has not been measured, or it does not fit into the 2 GiB of an
        ONNX file.

    Examples
    --------
    >>> import mpifast, mpifast.io.onnx, onnxruntime, tempfile
    >>> from pathlib import Path
    >>> system = mpifast.system_matrix(mpifast.Scanner(), mpifast.Particle(40e-9))
    >>> u, c = mpifast.Spectra(system, seed=7)[:1000]
    >>> network = mpifast.Network(inputs=200, outputs=129, seed=1)
    >>> history = network.fit(u, c, epochs=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mpifast.io.onnx.export(network, Path(folder) / "net.onnx")
    ...     session = onnxruntime.InferenceSession(Path(folder) / "net.onnx")
    >>> (images,) = session.run(None, {"spectra": u})
    >>> bool(abs(images - network.predict(u)).max() < 1e-6)
    True
    """
    model, target = _model(check.instance("network", network, Network)), check.path("path", path)
    onnx.checker.check_model(model, full_check=True)
    with replacing(target) as file:
        file.write(model.SerializeToString())


def _model(network: Network) -> Any:
    scaling = network.state.measured_scaling()
    size = sum(array.nbytes for array in (*network.weights, *network.biases))
    if size > MAX_BYTES:
        raise ValueError(
            f"network has {size:,} bytes of weights, an ONNX file holds {MAX_BYTES:,}: use dtype='float32' "
            "or fewer units"
        )
    graph = _Graph(network.dtype)
    x = graph.add("Sub", "spectra", graph.constant("offset", scaling.offset))
    x = graph.add("Mul", x, graph.constant("factor", scaling.factor))
    if scaling.mode == "sample":
        largest = graph.add(
            "ReduceMax", graph.add("Abs", "spectra"), graph.constant("axis", [-1], np.int64), keepdims=1
        )
        usable = graph.add("Greater", largest, graph.constant("smallest", SMALLEST))
        gain = graph.add("Where", usable, graph.add("Reciprocal", largest), graph.constant("zero", 0.0))
        x = graph.add("Mul", x, gain)
    for i, (weights, activation) in enumerate(zip(network.weights, network.activations, strict=True)):
        x = graph.add("MatMul", x, graph.constant(f"weights_{i}", weights.T))
        if network.bias:
            x = graph.add("Add", x, graph.constant(f"biases_{i}", network.biases[i]))
        if activation == "sigmoid":
            x = graph.add("Sigmoid", x)
    graph.nodes[-1].output[0] = "images"
    kind = helper.np_dtype_to_tensor_dtype(network.dtype)
    spectra, images = (
        helper.make_tensor_value_info(*value)
        for value in (("spectra", kind, ("n", network.inputs)), ("images", kind, ("n", network.outputs)))
    )
    model = helper.make_model(
        helper.make_graph(graph.nodes, "mpifast", [spectra], [images], graph.constants, doc_string=repr(network)),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="mpifast",
        producer_version=mpifast.__version__,
    )
    if network.system is not None:
        helper.set_model_props(model, {SYSTEM: network.system})
    return model


class _Graph:
    """Nodes and constants as they are added; each node's result has a name of its own."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        result = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [result], **attributes))
        return result

    def constant(self, name: str, value: Any, dtype: Any = None) -> str:
        self.constants.append(numpy_helper.from_array(np.array(value, dtype or self.dtype, order="C"), name))
        return name
