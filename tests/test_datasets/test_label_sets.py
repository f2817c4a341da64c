import pytest
from mmpretrain.datasets.categories import VOC2007_CATEGORIES

from mmsrdl.datasets.label_sets import LABEL_SETS, get_classes


@pytest.mark.parametrize(
    ('name', 'size'), [('voc', 20), ('coco', 80), ('nuswide', 81)]
)
def test_sizes_and_unique_names(name, size):
    assert len(LABEL_SETS[name]) == len(set(LABEL_SETS[name])) == size


def test_orders_that_other_tools_rely_on():
    assert LABEL_SETS['voc'] == VOC2007_CATEGORIES
    coco = LABEL_SETS['coco']
    # Category-id order, not the alphabetical one (person at 49) of ML-GCN.
    assert coco[:3] == ('person', 'bicycle', 'car')
    assert coco[-2:] == ('hair drier', 'toothbrush')
    assert sorted(coco).index('person') == 49
    assert list(LABEL_SETS['nuswide']) == sorted(LABEL_SETS['nuswide'])


@pytest.mark.parametrize(
    ('spelling', 'name'),
    [
        ('voc', 'voc'),
        ('VOC2007', 'voc'),
        ('voc12', 'voc'),
        ('COCO', 'coco'),
        ('coco-2014', 'coco'),
        ('coco17', 'coco'),
        ('NUS-WIDE', 'nuswide'),
        ('nus_wide', 'nuswide'),
    ],
)
def test_spellings(spelling, name):
    assert get_classes(spelling) is LABEL_SETS[name]


def test_own_names_pass_through():
    assert get_classes(['b', 'a']) == ('b', 'a')


def test_unknown_label_set_lists_the_known():
    with pytest.raises(ValueError, match="'voc', 'coco', 'nuswide'"):
        get_classes('imagenet')
    with pytest.raises(ValueError, match='no label set'):
        get_classes('')


@pytest.mark.parametrize(
    ('classes', 'error'),
    [(['a', 'a'], ValueError), ([], ValueError), (None, TypeError)],
)
def test_bad_lists_are_refused(classes, error):
    with pytest.raises(error):
        get_classes(classes)
