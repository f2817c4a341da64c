import numpy as np
import pytest

from mmsrdl.apis.picture_folder import PictureFolder


def test_names(tmp_path):
    pictures = PictureFolder(tmp_path / 'new/shown')
    images = ['a/x.jpg', 'b/x.jpg', np.zeros(3), 'y.tar.png', 'c/x.png']
    names = [pictures.next_path(image).name for image in images]
    assert names == ['x.png', 'x_1.png', '2.png', 'y.tar.png', 'x_4.png']
    assert pictures.folder.is_dir()


def test_images_are_safe(tmp_path):
    pictures = PictureFolder(tmp_path / 'shown')
    pictures.check([str(tmp_path / 'a.jpg'), np.zeros(3)])
    with pytest.raises(ValueError, match='could overwrite'):
        pictures.check([str(tmp_path / 'new/../shown/a.jpg')])
