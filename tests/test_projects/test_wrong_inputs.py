"""What users get wrong between neck and head is told in one sentence."""

import pytest
import torch
from mmpretrain.registry import MODELS

import projects.add_gcn.add_gcn
import projects.dsdl.dsdl
import projects.gcn_ms_sga.gcn_ms_sga
import projects.ml_gcn.ml_gcn
import projects.srn.srn  # noqa: F401

B, C, D, E = 2, 5, 8, 6
MAP = (B, D, 3, 4)
LABELS, GRAPH = (C, E), (C, C)

WIDE = dict(num_classes=C, in_channels=D, embed_dims=E, hidden_channels=7)
SAM = dict(
    type='SemanticAttention', num_classes=C, in_channels=D, out_channels=4
)
HEADS = dict(
    ml_gcn=dict(type='MLGCNHead', **WIDE),
    dsdl=dict(type='DSDLHead', **WIDE),
    sga=dict(type='SGAHead', **WIDE),
    car=dict(type='CARHead', **WIDE),
    add_gcn=dict(
        type='ADDGCNHead', num_classes=C, in_channels=D, hidden_channels=4
    ),
    sam=dict(
        type='CategoryFeatureHead', num_classes=C, in_channels=4, layer=SAM
    ),
    sam_of_others=dict(
        type='CategoryFeatureHead',
        num_classes=C,
        in_channels=4,
        layer=dict(SAM, num_classes=1),
    ),
    sd=dict(
        type='CategoryFeatureHead',
        num_classes=C,
        in_channels=D,
        layer=dict(type='SemanticDecoupling', in_channels=D, embed_dims=E),
    ),
    srn=dict(
        type='SRNHead',
        num_classes=C,
        in_channels=(4, D),
        map_size=(3, 4),
        hidden_channels=4,
    ),
)
CASES = [
    ('ml_gcn', [MAP], r'\(5, 6\) and \(5, 5\), but got \(2, 8, 3, 4\)\. .*'),
    ('ml_gcn', [MAP, LABELS], 'as CorrelationNeck gives'),
    ('ml_gcn', [MAP, (C, E + 1), GRAPH], r'got .*\(5, 7\).*embed_dims'),
    ('ml_gcn', [MAP, (C - 1, E), (C - 1, C - 1)], 'num_classes'),
    ('sga', [MAP], 'as CorrelationNeck gives'),
    ('sga', [MAP, LABELS], 'as CorrelationNeck gives'),
    ('sga', [MAP, (C - 1, E), (C - 1, C - 1)], 'num_classes'),
    ('dsdl', [MAP], 'as LabelGraphNeck gives'),
    ('dsdl', [MAP, (C, E + 1)], r'got .*\(5, 7\).*embed_dims'),
    ('dsdl', [MAP, (C + 1, E)], r'got .*\(6, 6\).*num_classes'),
    ('dsdl', [(B, D + 1, 3, 4), LABELS], 'in_channels'),
    ('car', [MAP], 'as LabelGraphNeck gives'),
    ('car', [MAP, (C + 1, E)], 'num_classes'),
    ('add_gcn', [MAP, LABELS], 'one feature map alone: set neck=None'),
    ('add_gcn', [MAP, MAP], 'one stage in backbone.out_indices'),
    ('sam', [MAP, LABELS], 'one feature map alone: set neck=None'),
    ('sam', [(B, D + 1, 3, 4)], r'\(B, P, 8\), but got \(2, 12, 9\)'),
    ('sam_of_others', [MAP], r'\(B, 5, 4\), but got \(2, 1, 4\).*num_classes'),
    ('sd', [MAP], r'\(C, 6\), but got none\. .*Check the neck'),
    ('sd', [MAP, (C + 1, E)], r'got \(2, 6, 8\)\. .*num_classes'),
    ('srn', [MAP], r'set neck=None and backbone\.out_indices=\(2, 3\)'),
    ('srn', [MAP, LABELS], r'set neck=None and backbone\.out_indices'),
]


@pytest.mark.parametrize('call', ['__call__', 'attend'])
@pytest.mark.parametrize(('name', 'shapes', 'message'), CASES)
def test_told_in_a_sentence(name, shapes, message, call):
    head = MODELS.build(HEADS[name]).eval()
    feats = tuple(torch.rand(shape) for shape in shapes)
    with pytest.raises(ValueError, match=f' takes .*{message}'):
        getattr(head, call)(feats)
