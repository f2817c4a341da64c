"""The graph that is deployed: from a preprocessed image to probabilities."""

from mmpretrain.models import ImageClassifier
from mmpretrain.models.heads import MultiLabelClsHead
from torch import Tensor, nn

INPUT, OUTPUT = 'input', 'output'
"""Names of the graph's input and output."""

FILE_NAME = 'end2end.onnx'


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
        head = getattr(model, 'head', None)
        if not isinstance(head, MultiLabelClsHead):
            raise TypeError(
                'Only an ImageClassifier with a multi-label head, such as '
                'CARHead or MultiLabelLinearHead, can be deployed; this is '
                f'{type(model).__name__} with {type(head).__name__}.'
            )
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
