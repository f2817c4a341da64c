"""Running of TensorRT engines, version 10 or newer, by tensor names."""

import os

import torch
from torch import Tensor

from .batches import run_in_batches
from .tensorrt_engine import import_tensorrt


class TensorRTSession:
    """An engine with one input and one output.

    Args:
        engine_file (str | PathLike): Built for this GPU and by this version
            of TensorRT.
        device (str | torch.device): GPU. Defaults to ``'cuda'``.

    Attributes:
        input_shape (list[int | None]): Sizes of the input, None where free.
        output_shape (list[int | None]): Sizes of the output, likewise.

    Raises:
        RuntimeError: If TensorRT or a GPU is missing, or the engine is not
            for them.
        ValueError: If the engine has several inputs or outputs.
    """

    def __init__(
        self,
        engine_file: str | os.PathLike,
        device: str | torch.device = 'cuda',
    ) -> None:
        trt = import_tensorrt()
        self.device = torch.device(device)
        runtime = trt.Runtime(trt.Logger(trt.Logger.WARNING))
        with open(engine_file, 'rb') as file, self._on_device():
            engine = runtime.deserialize_cuda_engine(file.read())
        if engine is None:
            raise RuntimeError(
                f'TensorRT {trt.__version__} cannot load {engine_file}: '
                'engines serve the version and the kind of GPU that built '
                'them. Build it here again.'
            )
        names = {trt.TensorIOMode.INPUT: [], trt.TensorIOMode.OUTPUT: []}
        for index in range(engine.num_io_tensors):
            name = engine.get_tensor_name(index)
            names[engine.get_tensor_mode(name)].append(name)
        if [len(each) for each in names.values()] != [1, 1]:
            raise ValueError(
                f'{engine_file} has not one input and one output: {names}.'
            )
        (self.input,), (self.output,) = names.values()
        self.input_shape, self.output_shape = (
            [
                None if size == -1 else size
                for size in engine.get_tensor_shape(name)
            ]
            for name in (self.input, self.output)
        )
        count = self.input_shape[0]
        self._limits = dict(smallest=count, largest=count)
        if count is None:
            least, _, most = engine.get_tensor_profile_shape(self.input, 0)
            self._limits = dict(smallest=least[0], largest=most[0])
        self._dtypes = {
            name: getattr(torch, trt.nptype(dtype).__name__)
            for name in (self.input, self.output)
            for dtype in [engine.get_tensor_dtype(name)]
        }
        self._runtime, self._engine = runtime, engine  # outlive the context
        self._context = engine.create_execution_context()

    def _on_device(self):
        return torch.cuda.device(self.device)

    def __call__(self, images: Tensor) -> Tensor:
        """Run the engine.

        Args:
            images (Tensor): Input, (B, 3, H, W), on any device, of any
                number.

        Returns:
            Tensor: Output, (B, C) float32, on the GPU.

        Raises:
            ValueError: If the engine was not built for images of this size.
            RuntimeError: If TensorRT fails.
        """
        images = images.to(self.device, self._dtypes[self.input])
        return run_in_batches(self._run, images, **self._limits).float()

    def _run(self, images: Tensor) -> Tensor:
        images = images.contiguous()
        context = self._context
        with self._on_device():
            if not context.set_input_shape(self.input, tuple(images.shape)):
                raise ValueError(
                    'The engine was not built for images of shape '
                    f'{tuple(images.shape)}.'
                )
            scores = torch.empty(
                tuple(context.get_tensor_shape(self.output)),
                dtype=self._dtypes[self.output],
                device=self.device,
            )
            context.set_tensor_address(self.input, images.data_ptr())
            context.set_tensor_address(self.output, scores.data_ptr())
            stream = torch.cuda.current_stream()
            if not context.execute_async_v3(stream.cuda_stream):
                raise RuntimeError('TensorRT failed: see its messages above.')
            stream.synchronize()  # before the buffers may be used again
        return scores
