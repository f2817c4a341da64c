"""What each position of a feature map adds to a linear classifier."""

import torch
from torch import Tensor


def class_activation_maps(feature: Tensor, weight: Tensor) -> Tensor:
    """Map the scores ⟨w_c, F_p⟩ of the positions (Zhou et al., CVPR 2016).

    Args:
        feature (Tensor): F, (B, D, h, w).
        weight (Tensor): A classifier w_c of each label, (C, D).

    Returns:
        Tensor: Of any sign, without a bias, (B, C, h, w).
    """
    return torch.einsum('cd,bdhw->bchw', weight, feature)
