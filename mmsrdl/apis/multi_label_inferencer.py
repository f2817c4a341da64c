"""Inferencer for multi-label recognition."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmpretrain.apis.base import BaseInferencer
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmsrdl.models.tta import view_model, view_pipeline

from .image_inputs import Image, list_images
from .image_loading import ImageLoader, LoadedImage, find_pipeline
from .image_scores import score_images
from .label_choice import Threshold, choose_labels, find_thresholds
from .label_pictures import LabelPictures
from .map_ahead import map_ahead
from .model_sources import is_exported, is_multi_label, load_model
from .prediction_dict import as_dict
from .progress import show_progress


class MultiLabelInferencer(BaseInferencer):
    """Predicts the labels of images.

    Args:
        model (str | PathLike | Config | BaseModel): Name of a published
            model, path of a config, a config, a model made by
            ``mmpretrain.get_model``, or the path of a model that
            ``tools/deploy.py`` exported, ``.onnx`` or ``.engine``.
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
        ValueError: If there is no such model, it predicts a single label,
            the checkpoint does not fit, or the test pipeline or the class
            names are unknown.

    Example:
        >>> from mmsrdl.apis import MultiLabelInferencer
        >>> inferencer = MultiLabelInferencer('config.py', 'epoch_20.pth')
        >>> inferencer('street.jpg', thr=0.3)[0]['pred_classes']
        ['car', 'person']
        >>> for result in inferencer.iterate('photos/', batch_size=32):
        ...     print(result['img_path'], result.get('pred_classes'))
    """

    def __init__(
        self,
        model: str | os.PathLike | Config | BaseModel,
        pretrained: bool | str | os.PathLike = True,
        device: str | torch.device | None = None,
        classes: str | Sequence[str] | None = None,
        **kwargs,
    ) -> None:
        self._is_exported = is_exported(model)
        model, self.classes = load_model(
            model, pretrained, device, classes, **kwargs
        )
        if not is_multi_label(model):
            raise ValueError(
                f'{type(model.head).__name__} predicts one label per image: '
                'this needs a MultiLabelClsHead. mmpretrain.apis has an '
                'ImageClassificationInferencer for the others.'
            )
        super().__init__(model)

    def __call__(
        self,
        inputs: Image | Iterable[Image],
        return_datasamples: bool = False,
        batch_size: int = 1,
        **kwargs,
    ) -> list[dict] | list[DataSample]:
        """Predict the labels of images, all at once.

        Arguments, results and errors are those of :meth:`iterate`.

        Returns:
            list[dict] | list[DataSample]: The results.
        """
        return list(
            self.iterate(inputs, return_datasamples, batch_size, **kwargs)
        )

    def iterate(
        self,
        inputs: Image | Iterable[Image],
        return_datasamples: bool = False,
        batch_size: int = 1,
        thr: Threshold | None = None,
        topk: int | None = None,
        tta: bool = False,
        return_maps: bool = False,
        show_dir: str | os.PathLike | None = None,
        workers: int = 4,
    ) -> Iterator[dict] | Iterator[DataSample]:
        """Predict the labels of images, one batch after the other.

        Memory does not grow with the number of images.

        Without ``thr`` and ``topk`` those of the head hold. With both, a
        label is one of the ``topk`` best and reaches ``thr``.

        Args:
            inputs (str | PathLike | np.ndarray | Iterable): Path of an image
                or of a folder of images, an array (H, W, 3), (H, W, 4) or
                (H, W), uint8 in the channel order of OpenCV; or several.
            return_datasamples (bool): Whether to give data samples.
                Defaults to False.
            batch_size (int): Images per batch. Defaults to 1.
            thr (float | Mapping[str, float] | str | PathLike, optional):
                Least score of a label, in [0, 1]; or that of each class, by
                name; or the path of a JSON file with these under
                ``thresholds``. Defaults to None.
            topk (int, optional): Most labels of an image. Defaults to None.
            tta (bool): Whether to average the scores over the views of the
                config's ``tta_pipeline``, by default the image and its
                mirror image. Defaults to False.
            return_maps (bool): Whether to give, for each predicted label,
                where the model sees it: its attention or class activation
                map, see :func:`~mmsrdl.apis.compute_label_maps`. Defaults to
                False.
            show_dir (str | PathLike, optional): Folder for pictures of the
                images with their labels. Defaults to None.
            workers (int): Threads that load images ahead of the model, up to
                ``batch_size + workers`` images; 0 loads each when it is
                needed, as live images want it. Defaults to 4.

        Yields:
            dict: For each image its ``img_path`` (None for an array), the
            ``pred_labels`` (indices), ``pred_classes`` (names) and
            ``pred_scores`` of the predicted labels, best first, and the
            ``scores`` of all classes; with ``return_maps`` also
            ``pred_maps``, an array (K, h, w) float32 for the K predicted
            labels, and ``maps_box``, the part of the image that they cover:
            left, top, right and bottom in units of its width and height.
            Or, if it cannot be read, ``img_path`` and ``error``. As data
            samples: ``pred_label`` (K), ``pred_score`` (C), ``pred_maps``
            and the meta ``img_path``, ``maps_box`` and ``error``.

        Raises:
            FileNotFoundError: If a folder holds no image.
            ValueError: If an argument is out of range, ``show_dir`` is a
                folder with inputs, or the model gives no maps.
        """
        for name, value, least in (
            ('topk', topk, 1),
            ('batch_size', batch_size, 1),
            ('workers', workers, 0),
        ):
            if value is not None and value < least:
                raise ValueError(f'{name} must be >= {least}, got {value}.')
        if tta and return_maps:
            raise ValueError(
                'return_maps and tta exclude each other: the views of an '
                'image have different maps.'
            )
        if return_maps and self._is_exported:
            raise ValueError(
                'return_maps: an exported model gives scores and no maps. '
                'Give the config and the checkpoint instead.'
            )
        if thr is not None:
            thr = find_thresholds(thr, self.classes)
        images = list_images(inputs)
        is_list = isinstance(images, list)
        pictures = None
        if show_dir is not None:
            pictures = LabelPictures(show_dir, self.pipeline.read)
            pictures.check(images if is_list else ())

        def predict() -> Iterator[dict] | Iterator[DataSample]:
            for batch in self.preprocess(
                images, batch_size, tta, return_maps, workers
            ):
                samples = self.forward(batch, thr, topk, tta, return_maps)
                if pictures is not None:
                    self.visualize(batch, samples, pictures)
                yield from self.postprocess(samples, return_datasamples)

        total = len(images) if is_list else None
        return show_progress(predict(), 'Inference', total)

    def _init_pipeline(self, cfg: Config) -> ImageLoader:
        return ImageLoader(find_pipeline(cfg))

    @cached_property
    def _tta(self) -> tuple[ImageLoader, BaseModel]:
        """The pipeline that makes views, and the model that averages them."""
        steps = view_pipeline(self.config, find_pipeline(self.config))
        model = MODELS.build(view_model(self.config, self.model))
        return ImageLoader(steps), model.eval()

    def preprocess(
        self,
        inputs: Iterable[Image],
        batch_size: int = 1,
        tta: bool = False,
        return_maps: bool = False,
        workers: int = 4,
    ) -> Iterator[list[LoadedImage]]:
        """Yield batches of images that the pipeline packed, or could not."""
        load = self._tta[0] if tta else self.pipeline
        load = partial(load, with_area=return_maps)
        ahead = batch_size + workers
        loaded = map_ahead(load, inputs, workers, ahead)
        yield from self._get_chunk_data(loaded, batch_size)

    @torch.no_grad()
    def forward(
        self,
        inputs: list[LoadedImage],
        thr: float | torch.Tensor | None = None,
        topk: int | None = None,
        tta: bool = False,
        return_maps: bool = False,
    ) -> list[DataSample]:
        """Score a batch and choose the labels, best first."""
        readable = [image.packed for image in inputs if image.packed]
        model = self._tta[1] if tta else self.model
        scored = iter(score_images(model, readable, return_maps))
        samples = []
        for image in inputs:
            if image.packed is None:
                sample = DataSample(metainfo=dict(error=image.error))
            else:
                sample = next(scored)
                self._check_classes(sample.pred_score)
                labels = choose_labels(
                    sample.pred_score, thr, topk, self.model.head
                )
                sample.set_pred_label(labels)
                if return_maps:
                    # A copy of these few: the maps of all classes are large.
                    maps = sample.pred_maps[labels]
                    sample.pred_maps = image.area.upright(maps)
                    sample.set_metainfo(dict(maps_box=image.area.box))
            sample.set_metainfo(dict(img_path=image.path))
            samples.append(sample.cpu())
        return samples

    def _check_classes(self, scores: torch.Tensor) -> None:
        if len(scores) != len(self.classes):
            raise ValueError(
                f'The model has {len(scores)} classes, but '
                f'{len(self.classes)} class names are known.'
            )

    def visualize(
        self,
        inputs: list[LoadedImage],
        preds: list[DataSample],
        pictures: LabelPictures,
    ) -> None:
        """Save the images of a batch with their labels."""
        pictures.check(image.source for image in inputs)
        for image, sample in zip(inputs, preds, strict=True):
            pictures.save(image, as_dict(sample, self.classes))

    def postprocess(
        self, preds: list[DataSample], return_datasamples: bool = False
    ) -> list[dict] | list[DataSample]:
        """Turn data samples into dicts of plain values."""
        if return_datasamples:
            return preds
        return [as_dict(sample, self.classes) for sample in preds]
