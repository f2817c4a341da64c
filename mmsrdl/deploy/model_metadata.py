"""What an exported file says about its model, so that it needs no config."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from mmengine.config import Config
from mmengine.model import BaseModel

from mmsrdl.version import __version__

from .onnx_files import require

if TYPE_CHECKING:
    from onnx import ModelProto

TRANSFORMS = {
    'LoadImageFromFile', 'LoadImageWithTurboJPEG', 'Resize', 'ResizeEdge',
    'CenterCrop', 'Pad', 'RandomFlip', 'PackInputs',
}  # fmt: skip
"""What a test pipeline in a file may name.

A file can come from a stranger, and a config builds whatever it names, any
function of any package included.
"""

PREPROCESSOR = {
    'type', 'num_classes', 'mean', 'std', 'to_rgb', 'to_onehot',
    'pad_size_divisor', 'pad_value',
}  # fmt: skip
"""What a data preprocessor in a file may set, a ``ClsDataPreprocessor``."""

STORAGE = ('backend_args', 'file_client_args')
"""Where the images of the test data lie, which says nothing of others."""

PACKAGE = 'mmsrdl_version'
"""The key of the version that wrote a file, by which ours are known."""


@dataclass(frozen=True)
class ModelMetadata:
    """What has to be known to use scores of a graph.

    Attributes:
        classes (tuple[str, ...]): Names of the labels, in the order of the
            scores.
        thr (float, optional): Score from which a label is predicted.
        topk (int, optional): Number of labels predicted where there is no
            ``thr``.
        data_preprocessor (dict): Config of what turns a batch of BGR images
            into the graph's input; ``mean``, ``std`` and ``to_rgb``.
        test_pipeline (list[dict]): Config of what turns an image file into
            such an image, with its resize mode and size.
        mmsrdl_version (str): Version that exported.
    """

    classes: tuple[str, ...]
    thr: float | None
    topk: int | None
    data_preprocessor: dict[str, Any]
    test_pipeline: list[dict[str, Any]]
    mmsrdl_version: str = __version__

    @classmethod
    def of_model(
        cls, model: BaseModel, classes: Sequence[str]
    ) -> 'ModelMetadata':
        """Describe a classifier.

        Args:
            model (BaseModel): Made by ``mmpretrain.get_model``.
            classes (Sequence[str]): Names of its labels.

        Raises:
            ValueError: If its config has no test pipeline, or one that
                :meth:`check` refuses, or the classes are not those of the
                head.
        """
        cfg, head = model._config, model.head
        number = getattr(head, 'num_classes', len(classes))
        if number != len(classes):
            raise ValueError(
                f'The model has {number} classes, but {len(classes)} class '
                'names are known.'
            )
        steps = [
            {key: step[key] for key in step if key not in STORAGE}
            for step in _plain(find_test_pipeline(cfg))
        ]
        preprocessor = _plain(cfg.model.get('data_preprocessor') or {})
        preprocessor.pop('batch_augments', None)  # for training alone
        metadata = cls(
            tuple(classes), head.thr, head.topk, preprocessor, steps
        )
        try:
            metadata.check()
        except ValueError as error:
            raise ValueError(
                f'The model cannot be exported: {error}.'
            ) from None
        return metadata

    def check(self) -> None:
        """Refuse what would build anything else than the usual.

        Raises:
            ValueError: If pipeline or preprocessor name something else.
        """
        is_number = isinstance(self.thr, int | float)
        are_valid = dict(
            classes=isinstance(self.classes, tuple)
            and all(isinstance(name, str) for name in self.classes),
            thr=self.thr is None or (is_number and 0 <= self.thr <= 1),
            topk=self.topk is None
            or (isinstance(self.topk, int) and self.topk > 0),
            data_preprocessor=isinstance(self.data_preprocessor, dict),
            test_pipeline=isinstance(self.test_pipeline, list)
            and all(isinstance(step, dict) for step in self.test_pipeline),
        )
        for key, is_valid in are_valid.items():
            if not is_valid:
                raise ValueError(f'its {key} cannot be {getattr(self, key)!r}')
        for step in self.test_pipeline:
            is_known = str(step.get('type')) in TRANSFORMS
            # MMEngine imports what _scope_ names.
            hidden = [key for key in step if key.startswith('_')]
            if not is_known or hidden or set(step) & set(STORAGE):
                raise ValueError(
                    f'its test pipeline has the step {step}, but may have '
                    f'only {", ".join(sorted(TRANSFORMS))}, of local files'
                )
        kind = self.data_preprocessor.get('type', 'ClsDataPreprocessor')
        others = set(self.data_preprocessor) - PREPROCESSOR
        if kind != 'ClsDataPreprocessor' or others:
            raise ValueError(
                'its data preprocessor must be a ClsDataPreprocessor with '
                f'{", ".join(sorted(PREPROCESSOR))}, not '
                f'{self.data_preprocessor}'
            )

    def to_strings(self) -> dict[str, str]:
        """Return the fields as JSON, for ``metadata_props`` of ONNX."""
        try:
            return {
                key: value if key == PACKAGE else json.dumps(value)
                for key, value in asdict(self).items()
            }
        except TypeError as error:
            raise ValueError(
                'A test pipeline or data preprocessor that is not made of '
                f'plain values cannot be exported: {error}.'
            ) from None

    @classmethod
    def from_strings(cls, strings: Mapping[str, str]) -> 'ModelMetadata':
        """Read what :meth:`to_strings` wrote; other keys are ignored.

        Raises:
            ValueError: If something is missing or no JSON, or :meth:`check`
                refuses it.
        """
        keys = [field.name for field in fields(cls)]
        missing = [key for key in keys if key not in strings]
        if missing:
            raise ValueError(
                f'it lacks the metadata {", ".join(missing)}, which '
                'tools/deploy.py writes'
            )
        values = {}
        for key in keys:
            try:
                values[key] = (
                    strings[key]
                    if key == PACKAGE
                    else _restore(json.loads(strings[key]))
                )
            except json.JSONDecodeError as error:
                raise ValueError(
                    f'its metadata {key} is not JSON: {error}'
                ) from None
        metadata = cls(**values)
        metadata.check()
        return metadata

    def to_config(self) -> Config:
        """Return what a config says of test pipeline and preprocessing."""
        pipeline = self.test_pipeline
        return Config(
            dict(
                test_pipeline=pipeline,
                test_dataloader=dict(dataset=dict(pipeline=pipeline)),
                data_preprocessor=self.data_preprocessor,
            )
        )


def write_metadata(graph: 'ModelProto', metadata: ModelMetadata) -> None:
    """Set the metadata of an ONNX graph, in place."""
    require('onnx').helper.set_model_props(graph, metadata.to_strings())


def find_test_pipeline(cfg: Config) -> list[dict[str, Any]]:
    """Find the test pipeline of a model's config.

    Raises:
        ValueError: If there is none.
    """
    dataset = cfg.get('test_dataloader', {}).get('dataset', {})
    steps = dataset.get('pipeline') or cfg.get('test_pipeline')
    if not steps:
        raise ValueError(
            'The model config has no test pipeline, neither in '
            'test_dataloader.dataset.pipeline nor in test_pipeline.'
        )
    return steps


def _plain(value: Any) -> Any:
    """Turn config dicts into dicts."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(each) for each in value)
    return value


def _restore(value: Any) -> Any:
    """Turn lists of plain values into tuples, as transforms want sizes."""
    if isinstance(value, Mapping):
        return {key: _restore(each) for key, each in value.items()}
    if not isinstance(value, list):
        return value
    if any(isinstance(each, list | dict) for each in value):
        return [_restore(each) for each in value]
    return tuple(value)
