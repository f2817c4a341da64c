"""Running of ONNX files by ONNX Runtime."""

import os

import torch
from torch import Tensor

from .onnx_files import require

PROVIDERS = dict(cpu='CPUExecutionProvider', cuda='CUDAExecutionProvider')


class OnnxRuntimeSession:
    """An ONNX file with one input and one output.

    Args:
        onnx_file (str | PathLike): The graph.
        device (str | torch.device): ``'cpu'``, or ``'cuda'``, for which
            ``onnxruntime-gpu`` is needed. Defaults to ``'cpu'``.

    Attributes:
        input_shape (list[int | None]): Sizes of the input, None where free.
        metadata (dict[str, str]): ``metadata_props`` of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        RuntimeError: If ONNX Runtime is missing or does not serve the
            device.
        ValueError: If it can't read the file, or there are several inputs or
            outputs.
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
        options.log_severity_level = 3  # what stops it is raised as well
        providers = _find_providers(runtime.get_available_providers(), device)
        try:
            session = runtime.InferenceSession(onnx_file, options, providers)
        except Exception as error:  # its own have no common class
            raise ValueError(
                f'ONNX Runtime {runtime.__version__} cannot read '
                f'{onnx_file!r}; is the file complete? It says: {error}'
            ) from None
        if [len(session.get_inputs()), len(session.get_outputs())] != [1, 1]:
            raise ValueError(
                f'{onnx_file!r} must have one input, images, and one output, '
                'scores.'
            )
        (image,) = session.get_inputs()
        self.input_shape = [
            size if isinstance(size, int) else None for size in image.shape
        ]
        self.metadata = session.get_modelmeta().custom_metadata_map
        self._session, self._input = session, image.name
        self._dtype = dict(
            [('tensor(float)', torch.float), ('tensor(float16)', torch.half)]
        )[image.type]

    def __call__(self, images: Tensor) -> Tensor:
        """Run the graph.

        Args:
            images (Tensor): Input, (B, 3, H, W), on any device. A graph of
                a fixed number of images runs as often as needed.

        Returns:
            Tensor: Output, (B, C) float32, on the CPU.

        Raises:
            ValueError: If the graph was not made for images of this size.
        """
        count, *expected = self.input_shape
        sizes = zip(images.shape[1:], expected, strict=True)
        if any(want not in (size, None) for size, want in sizes):
            channels, height, width = expected
            raise ValueError(
                f'The ONNX file takes images of {channels} channels, '
                f'{height or "any"} x {width or "any"} pixels (height x '
                f'width), got {" x ".join(map(str, images.shape[1:]))}: '
                'resize them in the test pipeline, or export with dynamic '
                'axes.'
            )
        images = images.to('cpu', self._dtype)
        scores = []
        for batch in images.split(count or max(len(images), 1)):
            missing = (count or len(batch)) - len(batch)
            filled = torch.cat((batch, batch[:1].expand(missing, -1, -1, -1)))
            (output,) = self._session.run(None, {self._input: filled.numpy()})
            scores.append(torch.from_numpy(output)[: len(batch)])
        return torch.cat(scores).float()


def serves_cuda() -> bool:
    """Return whether the installed ONNX Runtime is one for NVIDIA GPUs."""
    return (
        PROVIDERS['cuda'] in require('onnxruntime').get_available_providers()
    )


def _find_providers(available: list[str], device: str | torch.device) -> list:
    device = torch.device(device)
    provider = PROVIDERS.get(device.type)
    if provider not in available:
        raise RuntimeError(
            f'This ONNX Runtime does not run on {device}; it has '
            f'{", ".join(available)}. For a GPU: pip install onnxruntime-gpu'
        )
    if device.type == 'cpu':
        return [provider]
    return [(provider, dict(device_id=device.index or 0)), PROVIDERS['cpu']]
