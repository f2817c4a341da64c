"""An exported file in place of a model."""

import os
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmpretrain.models.classifiers import BaseClassifier
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from .exportable_model import ONNX_SUFFIX, check_suffix
from .model_metadata import ModelMetadata
from .onnx_files import load_onnx
from .onnxruntime_session import OnnxRuntimeSession, serves_cuda
from .tensorrt_session import TensorRTSession


@MODELS.register_module()
class BackendClassifier(BaseClassifier):
    """A classifier that another runtime runs.

    It predicts and is tested as the model that was exported, by a Runner and
    by :class:`~mmsrdl.apis.MultiLabelInferencer`.

    Args:
        model_file (str | PathLike): ``.onnx``, which ``tools/deploy.py``
            made, or ``.engine``, beside the ``.onnx`` it was built from.
        device (str | torch.device, optional): Where it is to run. Defaults
            to None: the best that PyTorch and the runtime both know.
        data_preprocessor (dict, optional): Defaults to None, that of the
            file.

    Attributes:
        metadata (ModelMetadata): What the file says about the model.
        head (MultiLabelClsHead): Its ``thr`` and ``topk`` choose the labels.

    Raises:
        FileNotFoundError: If there is no such file.
        RuntimeError: If the runtime is missing or does not serve the device.
        ValueError: If the file is broken or not made by this package.
    """

    def __init__(
        self,
        model_file: str | os.PathLike,
        device: str | torch.device | None = None,
        data_preprocessor: dict | None = None,
    ) -> None:
        session, strings = _open(os.fspath(model_file), device)
        try:
            metadata = ModelMetadata.from_strings(strings)
        except ValueError as error:
            raise ValueError(
                f'{os.fspath(model_file)!r} was not exported by this '
                f'package: {error}.'
            ) from None
        known, scored = len(metadata.classes), session.output_shape[-1]
        if scored not in (known, None):
            raise ValueError(
                f'{os.fspath(model_file)!r} scores {scored} labels, but its '
                f'metadata name {known}: export it again by tools/deploy.py.'
            )
        preprocessor = data_preprocessor or metadata.data_preprocessor
        super().__init__(
            data_preprocessor=MODELS.build(
                dict(type='ClsDataPreprocessor') | preprocessor
            )
        )
        self.session, self.metadata = session, metadata
        self.head = MultiLabelClsHead(thr=metadata.thr, topk=metadata.topk)
        # What mmpretrain.get_model says of a model.
        self._config = metadata.to_config()
        self._dataset_meta = dict(classes=metadata.classes)
        self._metainfo = None

    def __deepcopy__(self, memo: dict) -> 'BackendClassifier':
        """Return itself: nothing in it changes, and an EMA hook copies."""
        return self

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[DataSample] | None = None,
        mode: str = 'tensor',
    ) -> Tensor | list[DataSample]:
        """Score images.

        Args:
            inputs (Tensor): Preprocessed images, (B, 3, H, W).
            data_samples (list[DataSample], optional): Get the predictions.
                Defaults to None.
            mode (str): ``'tensor'`` or ``'predict'``. Defaults to
                ``'tensor'``.

        Returns:
            Tensor | list[DataSample]: Probabilities, (B, C), or data samples
            with ``pred_score`` and ``pred_label``.

        Raises:
            ValueError: For another mode, or images of a size that the file
                was not made for.
        """
        if mode not in ('tensor', 'predict'):
            raise ValueError(f'An exported model has no mode {mode!r}.')
        scores = self.session(inputs)
        if mode == 'tensor':
            return scores
        if data_samples is None:
            data_samples = [DataSample() for _ in scores]
        for sample, score in zip(data_samples, scores.cpu(), strict=True):
            sample.set_pred_score(score).set_pred_label(self._choose(score))
        return data_samples

    def _choose(self, score: Tensor) -> Tensor:
        """Labels of an image (C,), as the head that was exported chose."""
        if self.head.thr is not None:
            return (score >= self.head.thr).nonzero()[:, 0]
        return score.topk(self.head.topk).indices


def load_backend_model(
    model_file: str | os.PathLike, device: str | torch.device | None = None
) -> BackendClassifier:
    """Load an exported file; see :class:`BackendClassifier`."""
    return BackendClassifier(model_file, device).eval()


def use_backend_model(cfg: Config, model_file: str | os.PathLike) -> None:
    """Let a Runner test an exported file in place of the config's model.

    Args:
        cfg (Config): Of the model, with the data and measures of the test;
            changed in place.
        model_file (str | PathLike): See :class:`BackendClassifier`.
    """
    cfg.model = dict(
        type='BackendClassifier', model_file=os.fspath(model_file)
    )
    # The weights and the preprocessing are those of the file.
    cfg.load_from = None
    cfg.pop('data_preprocessor', None)


def _open(
    model_file: str, device: str | torch.device | None
) -> tuple[OnnxRuntimeSession | TensorRTSession, dict[str, str]]:
    """Open a file by its runtime, and read its metadata."""
    check_suffix(model_file)
    if model_file.endswith(ONNX_SUFFIX):
        if device is None:
            is_gpu = get_device() == 'cuda' and serves_cuda()
            device = 'cuda' if is_gpu else 'cpu'
        session = OnnxRuntimeSession(model_file, device)
        return session, session.metadata
    graph = load_onnx(Path(model_file).with_suffix(ONNX_SUFFIX))
    strings = {entry.key: entry.value for entry in graph.metadata_props}
    return TensorRTSession(model_file, device or 'cuda'), strings
