import pytest

from mmsrdl.datasets.conversion import convert_yolo

BOX = '0.5 0.5 0.2 0.2'


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding='utf-8')


@pytest.fixture(params=['images/train', 'train/images'])
def root(request, tmp_path, write_image):
    """Both layouts in use; c has no label file, d an empty one."""
    images = tmp_path / request.param
    labels = tmp_path / request.param.replace('images', 'labels')
    for name in 'abcd':
        write_image(images / f'{name}.jpg')
    write(labels / 'a.txt', f'2 {BOX}\n0 {BOX}\n2 {BOX} 0.3\n')
    write(labels / 'b.txt', '1 0.1 0.1 0.2 0.2 0.3 0.1\n\n')  # a polygon
    write(labels / 'd.txt', '')
    write(labels / 'e.txt', f'1 {BOX}')
    write(tmp_path / 'data.yaml', 'train: x\nnames: [Käfer, dog, cat]\n')
    return tmp_path


def test_layouts(root):
    images = convert_yolo(root, 'train')
    assert images.classes == ('Käfer', 'dog', 'cat')
    # DATA_ROOT/images is where the template for own images looks.
    inner = (root / 'images').is_dir()
    start = 'train' if inner else 'train/images'
    assert images.data_list == [
        {'img_path': f'{start}/a.jpg', 'gt_label': [0, 2]},
        {'img_path': f'{start}/b.jpg', 'gt_label': [1]},
        {'img_path': f'{start}/c.jpg', 'gt_label': []},
        {'img_path': f'{start}/d.jpg', 'gt_label': []},
    ]
    images.check_images(root / 'images' if inner else root)
    ((path, why),) = images.skipped
    assert path.endswith('e.txt') and why == 'labels without an image'


def test_without_splits_and_with_classes_txt(tmp_path, write_image):
    write_image(tmp_path / 'images/sub/a.png')
    write(tmp_path / 'labels/sub/a.txt', f'1 {BOX}')
    write(tmp_path / 'labels/classes.txt', 'dog\ncat\n')
    images = convert_yolo(tmp_path)
    assert images.classes == ('dog', 'cat')
    assert images.data_list == [{'img_path': 'sub/a.png', 'gt_label': [1]}]
    assert images.skipped == []
    assert convert_yolo(tmp_path, classes=['x', 'y']).classes == ('x', 'y')
    (tmp_path / 'labels/classes.txt').unlink()
    with pytest.raises(FileNotFoundError, match='neither data.yaml nor'):
        convert_yolo(tmp_path)


def test_names_by_index(root):
    write(root / 'data.yaml', 'names:\n  1: dog\n  0: bird\n  2: cat\n')
    assert convert_yolo(root, 'train').classes == ('bird', 'dog', 'cat')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('names: {0: a, 2: b}', 'data.yaml.*names'),
        ('nc: 3', "data.yaml.*KeyError 'names'"),
        ('names: [a\nb: ]', 'data.yaml.*line 2'),
        ('names: [a, a, b]', 'duplicate class names'),
        ('names: !!python/object/apply:os.getcwd []', 'data.yaml'),
    ],
)
def test_errors_of_the_names(root, text, message):
    write(root / 'data.yaml', text)
    with pytest.raises(ValueError, match=rf'(?s){message}'):
        convert_yolo(root, 'train')


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        (f'3 {BOX}', "a.txt', line 2: class 3, but .* 3 classes"),
        ('1 0.5', "a.txt', line 2: expected the index"),
        ('1 x y w h', "a.txt', line 2: expected the index"),
        (f'dog {BOX}', "a.txt', line 2: expected the index"),
        (f'-1 {BOX}', "a.txt', line 2: expected the index"),
    ],
)
def test_errors_name_file_and_line(root, line, message):
    (path,) = root.rglob('a.txt')
    write(path, f'1 {BOX}\n{line}')
    with pytest.raises(ValueError, match=message):
        convert_yolo(root, 'train')


def test_missing_folders(root):
    with pytest.raises(FileNotFoundError, match='no folders .*val'):
        convert_yolo(root, 'val')
