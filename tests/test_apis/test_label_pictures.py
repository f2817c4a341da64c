import cv2
import numpy as np
import pytest

from mmsrdl.apis.image_loading import LoadedImage
from mmsrdl.apis.label_pictures import LabelPictures, draw_labels


def texts(figure):
    return [text.get_text() for text in figure.texts]


def test_labels_and_scores_are_written(tmp_path):
    image = np.zeros((20, 30, 3), np.uint8)
    figure = draw_labels(image, ['hot dog', '海滩'], [0.987, 0.5])
    assert texts(figure) == ['hot dog', '0.99', '海滩', '0.50']
    figure.savefig(tmp_path / 'a.png')
    picture = cv2.imread(str(tmp_path / 'a.png'))
    bars = [bar.get_window_extent() for bar in figure.artists]
    for bar, share in zip(bars[1::2], (0.987, 0.5)):
        assert bar.width == pytest.approx(share * bars[0].width)
        x, y = round(bar.x0), len(picture) - round(bar.y1)
        row = picture[y + 2, x : x + round(bars[0].width)].astype(int)
        blue = (row[:, 0] - row[:, 2] > 100).sum()  # than red
        assert blue == pytest.approx(bar.width, abs=2)
    assert texts(draw_labels(image, [], [])) == ['no label']
    many = texts(draw_labels(image, ['x'] * 30, [0.5] * 30))
    assert len(many) == 2 * 12 + 1 and many[-1] == 'and 18 more'


@pytest.mark.parametrize('name', ['x' * 99, '汉' * 99, 'ab ' * 33])
def test_long_names_end_before_their_score(name):
    figure = draw_labels(np.zeros((9, 9, 3), np.uint8), [name], [1])
    figure.draw_without_rendering()
    name, score = (text.get_window_extent() for text in figure.texts)
    assert name.x1 < score.x0


def test_names_are_no_mathematics():
    figure = draw_labels(np.zeros((9, 9, 3), np.uint8), ['$5, $6 '], [1])
    assert texts(figure)[0] == '$5, $6 '
    assert not any(text.get_parse_math() for text in figure.texts)


def save(pictures, source, labels=(), packed=True):
    result = dict(pred_classes=labels, pred_scores=[0.9] * len(labels))
    pictures.save(LoadedImage(source, dict() if packed else None), result)


@pytest.mark.parametrize('shape', [(1, 1), (1, 900), (900, 1), (3000, 4000)])
def test_pictures_of_any_size(tmp_path, shape):
    image = np.full((*shape, 3), (255, 0, 0), np.uint8)
    save(LabelPictures(tmp_path, lambda _: dict(img=image)), 'a.jpg', ['sky'])
    picture = cv2.imread(str(tmp_path / 'a.png'))
    assert max(picture.shape) < 1500
    assert (picture == (255, 0, 0)).all(-1).any()


def test_names_of_files(tmp_path):
    black = np.zeros((9, 9, 3), np.uint8)
    pictures = LabelPictures(tmp_path / 'new/out', lambda _: dict(img=black))
    for source in ('x/a_2.jpg', 'x/a.jpg', 'y/a.jpg'):
        save(pictures, source)
    save(pictures, 'bad.jpg', packed=False)
    save(pictures, black)
    names = {path.name for path in (tmp_path / 'new/out').iterdir()}
    assert names == {'a_2.png', 'a.png', 'a_2_2.png', '4.png'}


def test_inputs_are_not_overwritten(tmp_path):
    pictures = LabelPictures(tmp_path, None)
    pictures.check(['x/a.jpg', np.zeros(3)])
    with pytest.raises(ValueError, match='holds inputs'):
        pictures.check(['x/a.jpg', str(tmp_path / 'a.jpg')])
