"""Model repositories of NVIDIA Triton Inference Server.

Nothing to do with Triton, the language of GPU kernels.
"""

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from .exportable_model import ENGINE_SUFFIX, ONNX_SUFFIX, check_suffix
from .model_metadata import ModelMetadata
from .onnx_files import load_onnx, write_whole

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

BACKENDS = {
    ONNX_SUFFIX: ('onnxruntime', 'model.onnx'),
    ENGINE_SUFFIX: ('tensorrt', 'model.plan'),
}
"""The server's backend and its name for the file, by suffix."""

TYPES = {1: 'TYPE_FP32', 10: 'TYPE_FP16'}
"""The server's name of a type of ONNX."""


def write_serving_repository(
    model_file: str | os.PathLike,
    folder: str | os.PathLike,
    name: str,
    max_batch_size: int = 32,
) -> Path:
    """Put a model where NVIDIA Triton Inference Server finds it.

    Written are ``{name}/config.pbtxt``, ``{name}/labels.txt`` and the first
    version, ``{name}/1/model.onnx`` or ``model.plan``. The metadata of the
    model become parameters of the configuration, which a client can ask the
    server for.

    Args:
        model_file (str | PathLike): ``.onnx`` with metadata, or ``.engine``
            beside the ``.onnx`` it was built from.
        folder (str | PathLike): The repository, made if need be.
        name (str): Name of the model.
        max_batch_size (int): Images that the server may put together, if the
            model takes any number of them; an engine takes those it was
            built for, see :class:`DeployOptions`. Defaults to 32.

    Returns:
        Path: The folder of the model.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the name is no name of a folder, or the file is broken,
            of another kind or has no metadata.
    """
    model_file = Path(model_file)
    if not name or Path(name).name != name or name.startswith('.'):
        raise ValueError(f'{name!r} cannot be the name of a folder.')
    check_suffix(model_file)
    if not model_file.is_file():
        raise FileNotFoundError(f'There is no model {str(model_file)!r}.')
    graph = load_onnx(model_file.with_suffix(ONNX_SUFFIX))
    strings = {entry.key: entry.value for entry in graph.metadata_props}
    classes = ModelMetadata.from_strings(strings).classes
    backend, file_name = BACKENDS[model_file.suffix]
    target = Path(folder) / name
    labels = ''.join(f'{label}\n' for label in classes)
    config = _format_config(graph, name, backend, max_batch_size)
    # The server may be watching: it is not to see half a file.
    with write_whole(target / '1' / file_name) as part:
        shutil.copyfile(model_file, part)
    for text_name, text in (('labels.txt', labels), ('config.pbtxt', config)):
        with write_whole(target / text_name) as part:
            part.write_text(text, 'utf-8')
    return target


def _format_config(
    model: 'ModelProto', name: str, backend: str, max_batch_size: int
) -> str:
    """Return a ModelConfig message (model_config.proto) as text."""
    (image,), (scores,) = model.graph.input, model.graph.output
    is_batched = _sizes(image)[0] == -1
    lines = [
        f'name: {_quote(name)}',
        f'backend: {_quote(backend)}',
        # 0 says that the number of images is among the dims.
        f'max_batch_size: {max_batch_size if is_batched else 0}',
        f'input {{ {_format_tensor(image, is_batched)} }}',
        f'output {{ {_format_tensor(scores, is_batched)} '
        'label_filename: "labels.txt" }',
    ]
    if is_batched:
        lines.append('dynamic_batching { }')
    lines += [
        f'parameters {{ key: {_quote(entry.key)} '
        f'value {{ string_value: {_quote(entry.value)} }} }}'
        for entry in model.metadata_props
    ]
    return ''.join(f'{line}\n' for line in lines)


def _format_tensor(tensor: 'ValueInfoProto', is_batched: bool) -> str:
    sizes = ', '.join(map(str, _sizes(tensor)[is_batched:]))
    kind = TYPES[tensor.type.tensor_type.elem_type]
    return f'name: {_quote(tensor.name)} data_type: {kind} dims: [ {sizes} ]'


def _sizes(tensor: 'ValueInfoProto') -> list[int]:
    """Sizes of the axes, -1 where free."""
    return [
        axis.dim_value if axis.HasField('dim_value') else -1
        for axis in tensor.type.tensor_type.shape.dim
    ]


def _quote(text: str) -> str:
    """A string in the text format of protocol buffers."""
    return json.dumps(text, ensure_ascii=False)
