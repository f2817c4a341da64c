import pytest
import torch
from mmpretrain.structures import DataSample
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from .test_car_head import C, D, build, total


class Losses(torch.nn.Module):
    """Neck and head as the classifier calls them, losses as its output."""

    def __init__(self):
        super().__init__()
        self.neck, self.head = build(erasing=dict())

    def forward(self, images, samples):
        return self.head.loss(self.neck((images,)), samples)


@pytest.fixture
def process_group(tmp_path):
    distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1
    )
    yield
    distributed.destroy_process_group()


def test_erasing_switches_under_default_ddp(process_group):
    """Off, on and off again: no parameter is ever without a gradient."""
    model = DistributedDataParallel(Losses())
    images = torch.randn(2, D, 3, 4)
    samples = [DataSample().set_gt_score(torch.ones(C)) for _ in images]
    for enabled in (False, True, True, False):
        model.module.head.erasing.enabled = enabled
        losses = model(images, samples)
        total(losses).backward()
        assert (losses['loss_ori'] != losses['loss_era']) == enabled
