"""A dictionary whose words are images of labels, from their embeddings."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmsrdl.models.layers.compiling import is_exporting


class SemanticDictionary(nn.Module):
    """Autoencoder of label embeddings (DSDL, AAAI 2021).

    Encoder and decoder share their weights, and φ is a LeakyReLU:

    - the dictionary, D = φ(E W₁) W₂,
    - the embeddings again, Ê = φ(D W₂ᵀ) W₁ᵀ.

    Both are in float32 at least, whatever the embeddings and weights are.

    Args:
        embed_dims (int): Width of the label embeddings E.
        hidden_channels (int): Width between W₁ and W₂.
        out_channels (int): Width of the dictionary, that of an image.
        negative_slope (float): Of the LeakyReLU. Defaults to 0.2.
    """

    def __init__(
        self,
        embed_dims: int,
        hidden_channels: int,
        out_channels: int,
        negative_slope: float = 0.2,
    ) -> None:
        super().__init__()
        self.w_1 = nn.Parameter(torch.empty(embed_dims, hidden_channels))
        self.w_2 = nn.Parameter(torch.empty(hidden_channels, out_channels))
        self.negative_slope = negative_slope
        for weight in (self.w_1, self.w_2):
            bound = weight.shape[1] ** -0.5
            nn.init.uniform_(weight, -bound, bound)

    def encode(self, labels: Tensor) -> Tensor:
        """D, (C, out_channels), of label embeddings E, (C, embed_dims)."""
        w_1, w_2 = widen(self.w_1), widen(self.w_2)
        return self._activate(widen(labels) @ w_1) @ w_2

    def decode(self, dictionary: Tensor) -> Tensor:
        """Ê, (C, embed_dims), of a dictionary D, (C, out_channels)."""
        w_1, w_2 = widen(self.w_1), widen(self.w_2)
        return self._activate(dictionary @ w_2.T) @ w_1.T

    def _activate(self, values: Tensor) -> Tensor:
        return F.leaky_relu(values, self.negative_slope)


def widen(values: Tensor) -> Tensor:
    """The same in float32 at least: no solver takes less."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def ridge_projection(dictionary: Tensor, ridge: float) -> Tensor:
    """Map features to their coefficients in a dictionary.

    (D Dᵀ + λ I)⁻¹ D f are the coefficients s that make ‖Dᵀ s - f‖² + λ ‖s‖²
    least.

    Args:
        dictionary (Tensor): D, (C, out_channels).
        ridge (float): λ > 0.

    Returns:
        Tensor: (D Dᵀ + λ I)⁻¹ D, (C, out_channels).
    """
    gram = dictionary @ dictionary.T
    gram = gram + ridge * _identity(gram)
    if is_exporting():
        return _invert(gram).to(dictionary) @ dictionary
    # unlike solve, waits for no device; λ > 0 leaves nothing to check
    return torch.linalg.solve_ex(gram, dictionary).result


def _identity(matrix: Tensor) -> Tensor:
    return torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)


def _invert(matrix: Tensor) -> Tensor:
    """Invert a positive definite matrix by products, as ONNX has no solver.

    Newton's iteration X ← X (2 I - A X) from I over a bound of the largest
    eigenvalue. The error squares in each step: 40 suffice for condition
    numbers up to 10¹⁰. It depends on weights alone, so that an exporter
    leaves its value.
    """
    matrix = matrix.double()
    twice = 2 * _identity(matrix)
    inverse = twice / (2 * matrix.abs().sum(1).amax(0))
    for _ in range(40):
        inverse = inverse @ (twice - matrix @ inverse)
    return inverse
