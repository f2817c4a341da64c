"""Inferencer for multi-label recognition."""

import os
from collections.abc import Iterator, Sequence

import torch
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmengine.device import get_device
from mmengine.model import BaseModel
from mmpretrain.apis.base import BaseInferencer
from mmpretrain.registry import TRANSFORMS
from mmpretrain.structures import DataSample

from .image_inputs import Image, list_images, to_bgr
from .label_pictures import save_label_pictures
from .matching_weights import load_matching_weights
from .model_sources import find_checkpoint, find_classes


class MultiLabelInferencer(BaseInferencer):
    """Predicts the labels of images.

    Args:
        model (str | PathLike | Config | BaseModel): Name of a published
            model, path of a config, a config, or a model made by
            ``mmpretrain.get_model``.
        pretrained (bool | str | PathLike): Path or URL of a checkpoint, which
            has to fit the model. True takes the published one of a name or
            the ``load_from`` of a config, and a model object as it is; False
            leaves random weights. Defaults to True.
        device (str | torch.device, optional): Defaults to None: the best
            available, and a model object stays where it is.
        classes (str | Sequence[str], optional): Class names, a file of them,
            or the name of a label set. Defaults to None: those of the
            checkpoint, or else of the config.
        **kwargs: Changes of the model's config.

    Raises:
        FileNotFoundError: If the config or the checkpoint does not exist.
        ValueError: If there is no such model, the checkpoint does not fit,
            or the test pipeline or the class names are unknown.

    Example:
        >>> from mmsrdl.apis import MultiLabelInferencer
        >>> inferencer = MultiLabelInferencer('config.py', 'epoch_20.pth')
        >>> inferencer('street.jpg', thr=0.3)[0]['pred_classes']
        ['car', 'person']
    """

    forward_kwargs = {'thr', 'topk'}
    visualize_kwargs = {'show_dir'}

    def __init__(
        self,
        model: str | os.PathLike | Config | BaseModel,
        pretrained: bool | str | os.PathLike = True,
        device: str | torch.device | None = None,
        classes: str | Sequence[str] | None = None,
        **kwargs,
    ) -> None:
        is_built = isinstance(model, BaseModel)
        if is_built and not hasattr(model, '_config'):
            raise ValueError(
                'The model has no config to take the test pipeline from: '
                'make it by mmpretrain.get_model, or give its config.'
            )
        if isinstance(model, str | os.PathLike):
            model = os.fspath(model)
            if model.endswith('.py') and not os.path.isfile(model):
                raise FileNotFoundError(f'There is no config {model!r}.')
        super().__init__(model, pretrained=False, **kwargs)
        if pretrained is True and not is_built:
            pretrained = find_checkpoint(self.model)
        meta = {}
        if not isinstance(pretrained, bool):
            meta = load_matching_weights(self.model, pretrained)
        if device is not None or not is_built:
            self.model.to(device or get_device())
        self.classes = find_classes(self.model, meta, classes)

    def __call__(
        self,
        inputs: Image | Sequence[Image],
        return_datasamples: bool = False,
        batch_size: int = 1,
        thr: float | None = None,
        topk: int | None = None,
        show_dir: str | os.PathLike | None = None,
    ) -> list[dict] | list[DataSample]:
        """Predict the labels of images.

        Without ``thr`` and ``topk`` those of the head hold. With both, a
        label is one of the ``topk`` best and scores at least ``thr``.

        Args:
            inputs (str | PathLike | np.ndarray | Sequence): Path of an image
                or of a folder of images, an array (H, W, 3), (H, W, 4) or
                (H, W), uint8 in the channel order of OpenCV; or several.
            return_datasamples (bool): Whether to return data samples.
                Defaults to False.
            batch_size (int): Images per batch. Defaults to 1.
            thr (float, optional): Least score of a label, in [0, 1].
                Defaults to None.
            topk (int, optional): Most labels of an image. Defaults to None.
            show_dir (str | PathLike, optional): Folder for the images with
                their labels written on them. Defaults to None.

        Returns:
            list[dict]: For each image its ``img_path`` (None for an array),
            the ``pred_labels`` (indices), ``pred_classes`` (names) and
            ``pred_scores`` of the predicted labels, best first, and the
            ``scores`` of all classes; or, if it cannot be read,
            ``img_path`` and ``error``. As data samples: ``pred_label``,
            ``pred_score`` (C,) and the meta ``img_path`` and ``error``.

        Raises:
            FileNotFoundError: If a folder holds no image.
            ValueError: If ``thr``, ``topk`` or ``batch_size`` is out of
                range, or ``show_dir`` is a folder with inputs.
        """
        if thr is not None and not 0 <= thr <= 1:
            raise ValueError(f'thr must be in [0, 1], got {thr}.')
        if topk is not None and topk < 1:
            raise ValueError(f'topk must be at least 1, got {topk}.')
        if batch_size < 1:
            raise ValueError(f'batch_size must be >= 1, got {batch_size}.')
        return super().__call__(
            inputs,
            return_datasamples,
            batch_size,
            thr=thr,
            topk=topk,
            show_dir=show_dir,
        )

    def _init_pipeline(self, cfg: Config) -> Compose:
        """Build the test pipeline; keep its loader for :meth:`_read`."""
        dataset = cfg.get('test_dataloader', {}).get('dataset', {})
        steps = dataset.get('pipeline') or cfg.get('test_pipeline')
        if not steps or steps[0]['type'] != 'LoadImageFromFile':
            raise ValueError(
                'The config has no test pipeline that begins with '
                'LoadImageFromFile, in test_dataloader.dataset.pipeline or '
                'test_pipeline.'
            )
        loader = dict(steps[0])
        for key in ('backend_args', 'file_client_args'):
            loader.pop(key, None)  # say where the images of a data set are
        self._loader = TRANSFORMS.build(loader)
        return Compose([TRANSFORMS.build(step) for step in steps[1:]])

    def _inputs_to_list(self, inputs: Image | Sequence[Image]) -> list[Image]:
        return list_images(inputs)

    def preprocess(
        self, inputs: list[Image], batch_size: int = 1
    ) -> Iterator[list[dict]]:
        """Yield batches of what the pipeline packs for each image.

        An image that cannot be read has no ``inputs``, but an ``error`` in
        its data sample: the others still get their labels.
        """
        for start in range(0, len(inputs), batch_size):
            yield [self._load(item) for item in inputs[start:][:batch_size]]

    def _load(self, item: Image) -> dict:
        path = item if isinstance(item, str) else None
        try:
            packed = self.pipeline(self._read(item))
        # Whatever a decoder may raise, the next image can be fine.
        except Exception as error:
            reason = f'Cannot read {path or "the array"}: {error}'
            packed = dict(data_samples=DataSample())
            packed['data_samples'].set_metainfo(dict(error=reason))
        packed['data_samples'].set_metainfo(dict(img_path=path))
        return packed

    def _read(self, item: Image) -> dict:
        """Read an image, turned upright if its EXIF says so."""
        if isinstance(item, str):
            return self._loader(dict(img_path=item))
        image = to_bgr(item)
        shape = image.shape[:2]
        return dict(img=image, img_shape=shape, ori_shape=shape)

    @torch.no_grad()
    def forward(
        self,
        inputs: list[dict],
        thr: float | None = None,
        topk: int | None = None,
    ) -> list[DataSample]:
        """Score a batch and choose the labels, best first."""
        readable = [item for item in inputs if 'inputs' in item]
        scored = iter(())
        if readable:
            scored = iter(self.model.test_step(default_collate(readable)))
        samples = []
        for item in inputs:
            sample = item['data_samples']
            if 'inputs' in item:
                sample = next(scored)
                labels = self._choose(sample.pred_score, thr, topk)
                sample.set_pred_label(labels)
            samples.append(sample)
        return samples

    def _choose(
        self, scores: torch.Tensor, thr: float | None, topk: int | None
    ) -> torch.Tensor:
        """Return the labels of scores (C,), best first."""
        if len(scores) != len(self.classes):
            raise ValueError(
                f'The model has {len(scores)} classes, but '
                f'{len(self.classes)} class names are known.'
            )
        if thr is None and topk is None:
            # As in MMPretrain's heads, where thr rules out topk.
            thr = self.model.head.thr
            topk = self.model.head.topk if thr is None else None
        ranked, labels = scores.sort(descending=True, stable=True)
        return labels[ranked >= (thr or 0)][:topk]

    def visualize(
        self,
        inputs: list[Image],
        preds: list[DataSample],
        show_dir: str | os.PathLike | None = None,
    ) -> None:
        """Save the images with their labels written on them."""
        if show_dir is not None:
            images = (
                None if 'error' in sample else self._read(item)['img']
                for item, sample in zip(inputs, preds, strict=True)
            )
            save_label_pictures(images, preds, self.classes, show_dir)

    def postprocess(
        self,
        preds: list[DataSample],
        visualization: None,
        return_datasamples: bool = False,
    ) -> list[dict] | list[DataSample]:
        """Turn data samples into dicts of plain values."""
        if return_datasamples:
            return preds
        return [self._to_dict(sample) for sample in preds]

    def _to_dict(self, sample: DataSample) -> dict:
        if 'error' in sample:
            return dict(img_path=sample.img_path, error=sample.error)
        labels = sample.pred_label.tolist()
        scores = sample.pred_score.tolist()
        return dict(
            img_path=sample.img_path,
            pred_labels=labels,
            pred_classes=[self.classes[label] for label in labels],
            pred_scores=[scores[label] for label in labels],
            scores=scores,
        )
