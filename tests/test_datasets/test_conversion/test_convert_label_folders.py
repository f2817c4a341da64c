import pytest

from mmsrdl.datasets.conversion import convert_label_folders


@pytest.fixture
def root(tmp_path, write_image):
    for path in ('boat,person/b.jpg', 'boat,person/2020/ü.PNG', 'cat/b.jpg'):
        write_image(tmp_path / path)
    return tmp_path


def test_a_folder_for_each_set(root):
    (root / 'cat/notes.txt').touch()
    (root / 'left.jpg').touch()
    images = convert_label_folders(root)
    assert images.classes == ('boat', 'cat', 'person')
    assert images.data_list == [
        {'img_path': 'boat,person/2020/ü.PNG', 'gt_label': [0, 2]},
        {'img_path': 'boat,person/b.jpg', 'gt_label': [0, 2]},
        {'img_path': 'cat/b.jpg', 'gt_label': [1]},
    ]
    assert sorted(images.skipped) == [
        ('cat/notes.txt', 'no image, by its name'),
        ('left.jpg', 'in no folder of labels'),
    ]
    images.check_images(root)


def test_images_that_show_nothing(root, write_image):
    write_image(root / 'nothing/x.jpg')
    images = convert_label_folders(root, empty='nothing')
    assert images.classes == ('boat', 'cat', 'person')
    assert images.data_list[-1] == {
        'img_path': 'nothing/x.jpg',
        'gt_label': [],
    }


def test_other_separators(root, write_image):
    write_image(root / 'cat+dog/x.jpg')
    with pytest.raises(ValueError, match=r"contain ',' and '\+'"):
        convert_label_folders(root)
    images = convert_label_folders(root, '+')
    assert images.classes == ('boat,person', 'cat', 'dog')


def test_errors_name_the_folder(root, tmp_path):
    with pytest.raises(ValueError, match=r"'.*cat'.*did you mean 'cats'"):
        convert_label_folders(root, classes=['boat', 'person', 'cats'])
    with pytest.raises(FileNotFoundError, match='no folder'):
        convert_label_folders(root / 'nowhere')
    empty = tmp_path / 'empty'
    empty.mkdir()
    with pytest.raises(ValueError, match='no image in a folder of'):
        convert_label_folders(empty)


def test_links_are_followed_and_hidden_files_skipped(root, write_image):
    write_image(root / 'cat/._b.jpg')
    write_image(root / '.ipynb_checkpoints/b.jpg')
    (root / 'dog').symlink_to(root / 'cat')
    images = convert_label_folders(root)
    assert images.classes == ('boat', 'cat', 'dog', 'person')
    assert images.data_list[-1] == {'img_path': 'dog/b.jpg', 'gt_label': [2]}
    assert dict(images.skipped) == {
        '.ipynb_checkpoints/b.jpg': 'hidden',
        'cat/._b.jpg': 'hidden',
        'dog/._b.jpg': 'hidden',
    }
