"""Running of ONNX files by ONNX Runtime."""

import os

import torch
from torch import Tensor

from .batches import run_in_batches
from .onnx_files import require

PROVIDERS = dict(cpu='CPUExecutionProvider', cuda='CUDAExecutionProvider')
DTYPES = {'tensor(float)': torch.float, 'tensor(float16)': torch.half}


class OnnxRuntimeSession:
    """An ONNX file with one input and one output.

    Args:
        onnx_file (str | PathLike): The graph.
        device (str | torch.device): ``'cpu'``, or ``'cuda'``, for which
            ``onnxruntime-gpu`` is needed. Defaults to ``'cpu'``.

    Attributes:
        input_shape (list[int | None]): Sizes of the input, None where free.
        output_shape (list[int | None]): Sizes of the output, likewise.
        metadata (dict[str, str]): ``metadata_props`` of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        RuntimeError: If ONNX Runtime is missing or does not serve the
            device.
        ValueError: If it can't read the file, or that takes or returns
            something else.
    """

    def __init__(
        self,
        onnx_file: str | os.PathLike,
        device: str | torch.device = 'cpu',
    ) -> None:
        onnx_file = os.fspath(onnx_file)
        if not os.path.isfile(onnx_file):
            raise FileNotFoundError(f'There is no ONNX file {onnx_file!r}.')
        runtime = require('onnxruntime')
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 4  # what stops it is raised as well
        device = torch.device(device)
        provider = _find_provider(runtime.get_available_providers(), device)
        choices = [PROVIDERS['cpu']]
        if device.type != 'cpu':
            choices.insert(0, (provider, dict(device_id=device.index or 0)))
        try:
            session = runtime.InferenceSession(onnx_file, options, choices)
        except Exception as error:  # its own have no common class
            raise ValueError(
                f'ONNX Runtime {runtime.__version__} cannot read '
                f'{onnx_file!r}; is the file complete? It says: {error}'
            ) from None
        if provider not in session.get_providers():
            raise RuntimeError(
                f'ONNX Runtime {runtime.__version__} cannot run on {device}: '
                'it does not find the libraries of CUDA and cuDNN that it '
                'was built for. Install them, or take the device cpu.'
            )
        inputs, outputs = session.get_inputs(), session.get_outputs()
        ranks = [
            [len(tensor.shape) for tensor in tensors]
            for tensors in (inputs, outputs)
        ]
        types = {tensor.type for tensor in inputs + outputs}
        if ranks != [[4], [2]] or not types <= set(DTYPES):
            raise ValueError(
                f'{onnx_file!r} must have one input, images (B, 3, H, W), '
                'and one output, scores (B, C), of floats; it has '
                f'{" and ".join(map(_describe, inputs + outputs))}.'
            )
        self.input_shape, self.output_shape = (
            [size if isinstance(size, int) else None for size in each.shape]
            for each in inputs + outputs
        )
        self.metadata = session.get_modelmeta().custom_metadata_map
        self._session, self._input = session, inputs[0].name
        self._dtype = DTYPES[inputs[0].type]

    def __call__(self, images: Tensor) -> Tensor:
        """Run the graph.

        Args:
            images (Tensor): Input, (B, 3, H, W), on any device, of any
                number.

        Returns:
            Tensor: Output, (B, C) float32, on the CPU.

        Raises:
            RuntimeError: If ONNX Runtime fails.
            ValueError: If the graph was not made for images of this size.
        """
        count, *expected = self.input_shape
        if images.ndim != 4 or any(
            want not in (size, None)
            for size, want in zip(images.shape[1:], expected, strict=True)
        ):
            channels, height, width = expected
            raise ValueError(
                f'The ONNX file takes images of {channels} channels, '
                f'{height or "any"} x {width or "any"} pixels (height x '
                f'width), got {" x ".join(map(str, images.shape[1:]))}: '
                'resize them in the test pipeline, or export with dynamic '
                'axes.'
            )
        images = images.to('cpu', self._dtype)
        return run_in_batches(self._run, images, count or 0, count).float()

    def _run(self, images: Tensor) -> Tensor:
        try:
            (scores,) = self._session.run(None, {self._input: images.numpy()})
        except Exception as error:  # its own have no common class
            raise RuntimeError(
                'ONNX Runtime fails at images of shape '
                f'{tuple(images.shape)}. It says: {error}'
            ) from None
        return torch.from_numpy(scores)


def serves_cuda() -> bool:
    """Return whether the installed ONNX Runtime is one for NVIDIA GPUs."""
    return (
        PROVIDERS['cuda'] in require('onnxruntime').get_available_providers()
    )


def _find_provider(available: list[str], device: torch.device) -> str:
    provider = PROVIDERS.get(device.type)
    if provider not in available:
        raise RuntimeError(
            f'This ONNX Runtime does not run on {device}; it has '
            f'{", ".join(available)}. For a GPU: pip install onnxruntime-gpu'
        )
    return provider


def _describe(tensor) -> str:
    """Name, type and shape of an input or output."""
    return f'{tensor.name}, {tensor.type} of {tensor.shape}'
