"""A file from a stranger must not be able to run code."""

from dataclasses import replace

import pytest

from mmsrdl.deploy import ModelMetadata

GOOD = ModelMetadata(
    classes=('cat', 'dog'),
    thr=0.5,
    topk=None,
    data_preprocessor=dict(num_classes=2, mean=[0, 0, 0], std=[1, 1, 1]),
    test_pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(32, 32)),
        dict(type='PackInputs'),
    ],
)


def test_usual_metadata_return():
    assert ModelMetadata.from_strings(GOOD.to_strings()) == replace(
        GOOD,
        data_preprocessor=dict(num_classes=2, mean=(0, 0, 0), std=(1, 1, 1)),
    )


@pytest.mark.parametrize(
    'change',
    [
        dict(test_pipeline=[dict(type='subprocess.getoutput', cmd='id')]),
        dict(test_pipeline=[dict(type='mmcv.LoadImageFromFile')]),
        dict(test_pipeline=[dict(type='LoadImageFromFile',
                                 backend_args=dict(backend='http'))]),
        dict(test_pipeline=[dict(type='RandomChoice', transforms=[
            [dict(type='subprocess.getoutput', cmd='id')]])]),
        dict(test_pipeline=[dict(cmd='id')]),
        dict(test_pipeline=[dict(type='Resize', _scope_='antigravity')]),
        dict(test_pipeline=[dict(type=['Resize'])]),
        dict(test_pipeline='Resize'),
        dict(test_pipeline=None),
        dict(data_preprocessor=None),
        dict(classes='/etc/passwd'),
        dict(classes=(1, 2)),
        dict(thr='a'),
        dict(thr=float('nan')),
        dict(topk=-1),
        dict(data_preprocessor=dict(type='subprocess.getoutput', cmd='id')),
        dict(data_preprocessor=dict(batch_augments=dict(type='os.getcwd'))),
    ],
)  # fmt: skip
def test_what_would_build_anything_else(change):
    strings = replace(GOOD, **change).to_strings()
    with pytest.raises(ValueError, match='^its '):
        ModelMetadata.from_strings(strings)
