import torch
from mmpretrain.structures import DataSample
from ranks import run_ranks
from torch.nn.parallel import DistributedDataParallel

from .test_car_head import C, D, build, total


class Losses(torch.nn.Module):
    """Neck and head as the classifier calls them, losses as its output."""

    def __init__(self):
        super().__init__()
        self.neck, self.head = build(erasing=dict())

    def forward(self, images, samples):
        return self.head.loss(self.neck((images,)), samples)


def switch_erasing(rank, folder):
    model = DistributedDataParallel(Losses())
    images = torch.randn(2, D, 3, 4)
    samples = [DataSample().set_gt_score(torch.ones(C)) for _ in images]
    differ = []
    for enabled in (False, True, True, False):
        model.module.head.erasing.enabled = enabled
        losses = model(images, samples)
        total(losses).backward()
        differ.append(bool(losses['loss_ori'] != losses['loss_era']))
    return differ


def test_erasing_switches_under_default_ddp(tmp_path):
    """Off, on and off again: no parameter is ever without a gradient."""
    differ = run_ranks(switch_erasing, tmp_path)
    assert differ == 2 * [[False, True, True, False]]
