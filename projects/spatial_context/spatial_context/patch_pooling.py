"""Features of patches, from the stage of the pyramid that fits them."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.ops import roi_align


def pool_patches(
    feats: tuple[Tensor, ...],
    patches: Tensor,
    sizes: Sequence[float],
    pool_size: int,
) -> Tensor:
    """Pool a grid of features from each patch.

    A patch is looked up at the stage whose size is nearest to its own, by
    the logarithm. All stages are asked and one is taken, so that shapes do
    not depend on the patches.

    Args:
        feats (tuple[Tensor]): Maps of the pyramid, (B, D, h, w).
        patches (Tensor): x1, y1, x2, y2 in units of the image, (B, N, 4).
        sizes (Sequence[float]): Size of the patches of each stage, in units
            of the image.
        pool_size (int): Side S of the grid.

    Returns:
        Tensor: (B, N, D, S, S).
    """
    stage = choose_stages(patches, sizes).flatten()[:, None, None, None]
    image = torch.arange(patches.shape[0], device=patches.device)
    image = image[:, None].expand(patches.shape[:2]).flatten()
    image, flat = image[:, None].to(patches), patches.flatten(0, 1)
    pooled = None
    for i, feature in enumerate(feats):
        height, width = map(int, feature.shape[2:])
        cells = flat * flat.new_tensor([width, height, width, height])
        part = roi_align(
            feature,
            torch.cat([image, cells], 1).to(feature.dtype),
            pool_size,
            sampling_ratio=2,
            aligned=True,
        )
        pooled = part if i == 0 else torch.where(stage == i, part, pooled)
    return pooled.unflatten(0, (-1, patches.shape[1]))


def choose_stages(patches: Tensor, sizes: Sequence[float]) -> Tensor:
    """The stage whose size is nearest to that of each patch.

    Args:
        patches (Tensor): x1, y1, x2, y2 in units of the image, (..., 4).
        sizes (Sequence[float]): As for :func:`pool_patches`.

    Returns:
        Tensor: Indices, (...) int64.
    """
    width, height = (patches[..., 2:] - patches[..., :2]).unbind(-1)
    tiny = torch.finfo(patches.dtype).eps
    size = (width * height).clamp(min=tiny).sqrt().log()
    stages = patches.new_tensor(sizes).log()
    return (size[..., None] - stages).abs().argmin(-1)
