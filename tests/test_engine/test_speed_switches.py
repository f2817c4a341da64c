"""The switches of docs/benchmarks.md change speed and memory, no result."""

import pytest
import torch
from mmengine.model import is_model_wrapper
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch._dynamo.testing import CompileCounter

from .tiny import make_data, run, tiny_config

SWITCHES = {
    'channels last': dict(custom_hooks=[dict(type='ChannelsLastHook')]),
    'checkpointing': {'model.backbone.with_cp': True},
    'compilation': dict(compile=dict(backend='eager')),
}
needs_custom_ops = pytest.mark.skipif(
    not hasattr(torch.library, 'custom_op'), reason='needs torch >= 2.4'
)


@pytest.fixture(scope='module')
def plain(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data')
    make_data(folder, count=8)
    runner = run(tiny_config(folder, folder / 'plain', **one_epoch()))
    return folder, runner.model


def one_epoch(**options):
    options.setdefault('custom_hooks', [])
    options['custom_hooks'] += [dict(type='ObjectErasingHook')]
    return options | {
        'train_cfg.max_epochs': 1,
        # Of Adam's steps the first is of size lr even for gradients of 1e-9.
        'optim_wrapper.optimizer': dict(
            _delete_=True, type='SGD', lr=0.01, momentum=0.9
        ),
    }


@pytest.mark.parametrize(
    'name',
    [
        'channels last',
        'checkpointing',
        pytest.param('compilation', marks=needs_custom_ops),
    ],
)
def test_training_is_the_same(plain, name):
    folder, expected = plain
    config = tiny_config(
        folder, folder / name.replace(' ', '_'), **one_epoch(**SWITCHES[name])
    )
    model = run(config).model
    assert not is_model_wrapper(model)
    if name == 'channels last':
        weight = model.backbone.conv1.weight
        assert weight.is_contiguous(memory_format=torch.channels_last)
    # Not the running statistics: checkpointing runs batch norms twice.
    actual = dict(model.named_parameters())
    for key, value in expected.named_parameters():
        torch.testing.assert_close(
            actual[key], value, rtol=1e-3, atol=1e-4, msg=key
        )


def build_model(erasing):
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='ImageClassifier',
            data_preprocessor=dict(
                type='ClsDataPreprocessor', num_classes=5, to_onehot=True
            ),
            backbone=dict(type='ResNet', depth=18, base_channels=8),
            neck=dict(
                type='LabelGraphNeck', num_classes=5, label_embedding='random'
            ),
            head=dict(
                type='CARHead', num_classes=5, in_channels=64, erasing=erasing
            ),
        )
    )
    return model.train()


@needs_custom_ops
@pytest.mark.parametrize('erasing', [None, dict(topk=2)])
def test_loss_compiles_into_one_graph(erasing):
    model = build_model(erasing)
    images = torch.randn(2, 3, 64, 64)
    samples = [
        DataSample().set_gt_label([0, 3]),
        DataSample().set_gt_label([1]),
    ]

    def gradients(model):
        model.zero_grad()
        losses = model(images, samples, mode='loss')
        sum(losses.values()).backward()
        return [x.grad.clone() for x in model.parameters()]

    expected = gradients(model)
    torch._dynamo.reset()
    compiled = torch.compile(model, fullgraph=True, backend='aot_eager')
    for actual, value in zip(gradients(compiled), expected, strict=True):
        torch.testing.assert_close(actual, value, rtol=1e-3, atol=1e-5)


@needs_custom_ops
def test_numbers_of_labels_compile_once():
    """With the ``to_onehot`` that the docs ask for."""
    model = build_model(dict(topk=2))
    torch._dynamo.reset()
    counter = CompileCounter()
    compiled = torch.compile(model, backend=counter)
    for labels in ([0], [0, 3], [1, 2, 4]):
        samples = [DataSample().set_gt_label(x) for x in (labels, [1])]
        images = [torch.zeros(3, 64, 64, dtype=torch.uint8)] * 2
        data = dict(inputs=images, data_samples=samples)
        compiled(**model.data_preprocessor(data, True), mode='loss')
    assert counter.frame_count == 1
