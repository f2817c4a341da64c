"""The graph that is deployed: from a preprocessed image to probabilities."""

import os
from pathlib import Path

from mmpretrain.models import ImageClassifier
from mmpretrain.models.heads import MultiLabelClsHead
from torch import Tensor, nn

from mmsrdl.apis.model_sources import EXPORTED_SUFFIXES

INPUT, OUTPUT = 'input', 'output'
"""Names of the graph's input and output."""

ONNX_SUFFIX, ENGINE_SUFFIX = SUFFIXES = EXPORTED_SUFFIXES
"""Of the files that a backend runs: ONNX Runtime and TensorRT."""

FILE_NAME = f'end2end{ONNX_SUFFIX}'


def check_suffix(model_file: str | os.PathLike) -> None:
    """Refuse a file that no backend runs.

    Raises:
        ValueError: If its suffix is not one of :data:`SUFFIXES`.
    """
    if Path(model_file).suffix not in SUFFIXES:
        raise ValueError(
            f'{os.fspath(model_file)!r} must end in {" or ".join(SUFFIXES)}.'
        )


def check_exportable(model: nn.Module) -> None:
    """Refuse what is no classifier with a multi-label head.

    Raises:
        TypeError: If it is not.
    """
    head = getattr(model, 'head', None)
    if not isinstance(head, MultiLabelClsHead):
        raise TypeError(
            'Only an ImageClassifier with a multi-label head, such as '
            'CARHead or MultiLabelLinearHead, can be deployed; this is '
            f'{type(model).__name__} with {type(head).__name__}.'
        )


class ExportableModel(nn.Module):
    """Backbone, neck, head and sigmoid of a multi-label classifier.

    The mathematics of what MMDeploy exports for MMPretrain: it takes what
    the data preprocessor returns, and the runtime that reads the file
    normalises.

    Args:
        model (ImageClassifier): Shared, not copied; put into eval mode.

    Raises:
        TypeError: If it is no classifier with a multi-label head.
    """

    def __init__(self, model: ImageClassifier) -> None:
        super().__init__()
        check_exportable(model)
        self.model = model
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """Score images.

        Args:
            images (Tensor): Normalised, as the data preprocessor returns
                them, (B, 3, H, W) float.

        Returns:
            Tensor: Probability of each label, (B, C), in [0, 1].
        """
        feats = self.model.extract_feat(images)
        return self.model.head(feats).sigmoid()
