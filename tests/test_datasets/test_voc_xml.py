import numpy as np
import pytest

from mmsrdl.datasets import VOCMultiLabel, load_voc_boxes

XML = """<annotation>
  <size><width>200</width><height>100</height><depth>3</depth></size>
  <object><name>dog</name><difficult>1</difficult>
    <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>200</xmax><ymax>100</ymax></bndbox>
    <part><name>head</name>
      <bndbox><xmin>5</xmin><ymin>5</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>
    </part></object>
  <object><name>cat</name>
    <bndbox><xmin>51</xmin><ymin>26</ymin><xmax>100.0</xmax><ymax>50</ymax></bndbox>
  </object>
  <object><name>tree</name></object>
</annotation>"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'a.xml'
    path.write_text(XML)
    return path


def test_boxes_are_relative_to_the_image(path):
    boxes, labels, difficult = load_voc_boxes(path, ('cat', 'dog'))
    np.testing.assert_allclose(boxes, [[0, 0, 1, 1], [0.25, 0.25, 0.5, 0.5]])
    assert boxes.dtype == np.float32
    assert labels.tolist() == [1, 0]
    assert difficult.tolist() == [True, False]


def test_boxes_outside_of_the_image_are_clipped(path):
    path.write_text(XML.replace('<xmin>51<', '<xmin>-9<'))
    boxes = load_voc_boxes(str(path), ('cat',)).boxes
    np.testing.assert_allclose(boxes, [[0, 0.25, 0.5, 0.5]])


def test_no_object_of_the_classes(path):
    boxes, labels, difficult = load_voc_boxes(path, ('bird',))
    assert boxes.shape == (0, 4)
    assert labels.shape == difficult.shape == (0,)
    assert labels.dtype == np.int64
    assert difficult.dtype == bool


@pytest.mark.parametrize(
    ('old', 'new', 'match'),
    [
        ('<xmin>51</xmin>', '', 'xmin, ymin, xmax, ymax'),
        ('<xmin>51<', '<xmin>left<', 'xmin, ymin, xmax, ymax'),
        ('bndbox', 'box', 'xmin, ymin, xmax, ymax'),
        ('<width>200</width>', '', 'width, height'),
        ('<width>200<', '<width>0<', 'must be positive'),
        ('</annotation>', '', 'not valid XML'),
    ],
)
def test_bad_files_are_named(path, old, new, match):
    path.write_text(XML.replace(old, new))
    with pytest.raises(ValueError, match=match) as error:
        load_voc_boxes(path, ('cat', 'dog'))
    assert 'a.xml' in str(error.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_voc_boxes(tmp_path / 'none.xml', ('cat',))


def test_real_boxes_agree_with_the_labels(real_voc):
    dataset = VOCMultiLabel(str(real_voc), 'test')
    for i in range(0, len(dataset), 50):
        info = dataset.get_data_info(i)
        stem = info['img_path'].rsplit('/', 1)[1][:-4]
        boxes, labels, difficult = load_voc_boxes(
            real_voc / 'Annotations' / f'{stem}.xml',
            dataset.metainfo['classes'],
        )
        assert set(labels[~difficult]) == set(info['gt_label'])
        hard = set(labels[difficult]) - set(labels[~difficult])
        assert hard == set(info['gt_label_difficult'])
        assert (boxes[:, :2] < boxes[:, 2:]).all()
        assert boxes.min() >= 0
        assert boxes.max() <= 1
