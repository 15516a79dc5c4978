"""ONNX."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from kerascnn.errors import ExportError
from kerascnn.exporters.fewer_bits import FewerBits
from kerascnn.spec import Exporting, register

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

_LARGEST = (1 << 31) - (1 << 16)
"""Bytes that one file of ONNX may have, and a little less."""


@register("onnx")
class ONNX(FewerBits):
    """Write an `.onnx` file, which ONNX Runtime runs (https://onnx.ai), with what is needed to use it in its metadata.

    It needs `pip install kerascnn[onnx]`. The file takes batches of any size and is checked before it is written.
    """

    file: ClassVar[str] = "model.onnx"
    packages: ClassVar[tuple[str, ...]] = ("tf2onnx", "onnx", "onnxruntime")
    install: ClassVar[str] = "kerascnn[onnx]"

    opset: int = Field(18, ge=13, le=18)
    """The version of ONNX's operators; an older one is for older programs."""
    quantize: Literal["none", "int8"] = "none"
    """none, or int8: weights and activations of 8 bits, whose ranges are those of training samples."""

    def write(self, model: Any, path: Path, about: Exporting) -> None:
        """Convert the model's graph, check it, and write it."""
        import onnx

        from kerascnn.exporters.tracing import quiet

        with quiet():
            made = _converted(model, self.opset)
            _name(made, model)
            if self.quantize == "int8":
                made = _quantized(made, path, about.samples)
            texts = {name: _text(value) for name, value in about.card.items()}
            onnx.helper.set_model_props(made, texts)
            if made.ByteSize() > _LARGEST:
                raise ExportError(f"the model has {made.ByteSize():,} bytes, more than one file of ONNX can hold")
            try:
                onnx.checker.check_model(made, full_check=True)
            except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
                unknown = re.search(r"No Op registered for (\w+)", str(error))
                said = f"it has no operation for {unknown[1]}" if unknown else _first_line(error)
                raise ExportError(f"tf2onnx cannot make valid ONNX of the model: {said}") from error
            onnx.save(made, str(path))

    def open(self, path: Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the answers of ONNX Runtime on the processor."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no base class of their own
            raise ExportError(f"ONNX Runtime cannot load what was written: {_first_line(error)}") from error
        [given], [found] = session.get_inputs(), session.get_outputs()
        return lambda elements: session.run([found.name], {given.name: elements})[0]


def _converted(model: Any, opset: int) -> Any:
    """Return the model as ONNX. Raises ExportError for operations that tf2onnx does not know."""
    import tf2onnx

    from kerascnn.exporters.tracing import frozen

    _patch()
    function = frozen(model)
    try:
        made, _ = tf2onnx.convert.from_graph_def(
            function.graph.as_graph_def(),
            input_names=[tensor.name for tensor in function.inputs],
            output_names=[tensor.name for tensor in function.outputs],
            opset=opset,
            custom_op_handlers={"Erfc": (_erfc, []), "SelectV2": (_where, [])},
        )
    except (ValueError, RuntimeError, KeyError, AssertionError, NotImplementedError, TypeError) as error:
        raise ExportError(f"tf2onnx cannot convert the model: {_first_line(error)}") from error
    strange = sorted({node.domain for node in made.graph.node} - {"", "ai.onnx", "ai.onnx.ml"})
    if strange:
        raise ExportError(f"the model has operations that ONNX does not have, from {', '.join(strange)}")
    return made


def _patch() -> None:
    """Let tf2onnx 1.17 work with NumPy 2; Keras knows how, but not in a place that is meant for others."""
    try:
        from keras.src.export.tf2onnx_lib import patch_tf2onnx
    except ImportError as error:
        raise ExportError(f"this version of Keras does not know how to call tf2onnx: {error}") from error
    patch_tf2onnx()


def _erfc(context: Any, node: Any, name: str, args: Any) -> None:
    """Write 1 - erf(x), the exact GELU's, which tf2onnx does not know."""
    import numpy as np
    import tf2onnx

    dtype, shape = context.get_dtype(node.input[0]), context.get_shape(node.output[0])
    erf = context.make_node("Erf", [node.input[0]], dtypes=[dtype])
    number = np.array(1, tf2onnx.utils.map_onnx_to_numpy_type(dtype))
    one = context.make_const(tf2onnx.utils.make_name("one"), number)
    outputs = node.output
    context.remove_node(node.name)
    context.make_node("Sub", [one.output[0], erf.output[0]], name=name, outputs=outputs, dtypes=[dtype], shapes=[shape])


def _where(context: Any, node: Any, name: str, args: Any) -> None:
    """Choose by ONNX's own operation: tf2onnx multiplies with 0 and 1 instead, which leaves NaN where NaN was."""
    node.type = "Where"


def _name(made: Any, model: Any) -> None:
    """Give input and output their names, and the number of elements the name "batch"."""
    graph = made.graph
    names = {graph.input[0].name: model.inputs[0].name, graph.output[0].name: "answer"}
    for node in graph.node:
        node.input[:] = [names.get(one, one) for one in node.input]
        node.output[:] = [names.get(one, one) for one in node.output]
    for value in (graph.input[0], graph.output[0]):
        value.name = names[value.name]
        value.type.tensor_type.shape.dim[0].dim_param = "batch"


def _quantized(made: Any, path: Path, samples: np.ndarray) -> Any:
    """Return the model with weights and activations of 8 bits."""
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.rows: Iterator[Any] = iter(samples)

        def get_next(self) -> dict[str, np.ndarray] | None:
            row = next(self.rows, None)
            return None if row is None else {made.graph.input[0].name: row[None]}

    whole, ready, small = (path.with_name(f".{name}.onnx") for name in ("whole", "ready", "small"))
    try:
        onnx.save(made, str(whole))
        quant_pre_process(str(whole), str(ready), skip_symbolic_shape=True)
        kinds = {"weight_type": QuantType.QInt8, "activation_type": QuantType.QUInt8}
        quantize_static(str(ready), str(small), Reader(), quant_format=QuantFormat.QDQ, per_channel=True, **kinds)
        return onnx.load(str(small))
    except (ValueError, RuntimeError, KeyError, AssertionError, NotImplementedError) as error:
        raise ExportError(f"ONNX Runtime cannot quantize the model: {_first_line(error)}") from error
    finally:
        for file in (whole, ready, small):
            file.unlink(missing_ok=True)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
