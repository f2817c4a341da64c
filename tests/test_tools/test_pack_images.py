import pytest
from mmengine.fileio import get

from mmsrdl.datasets.image_packs import list_images

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path):
    for name in ('images/b.jpg', 'images/sub/c.PNG', 'a.jpg', 'labels.txt'):
        path = tmp_path / 'data' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / 'data'


def read_back(done, names):
    """Read images by the arguments that the tool prints."""
    assert done.returncode == 0, done.stderr
    assert f'Packed {len(names)} images' in done.stdout
    args = eval(done.stdout.splitlines()[-1])  # noqa: S307
    assert args['type'] == 'LoadImageFromFile'
    for name in names:
        assert get(name, args['backend_args']) == name.encode()


@pytest.mark.parametrize('out', ['x.lmdb', 'x.tar'])
def test_a_folder_in_one_file(run_tool, root, tmp_path, out):
    if out == 'x.lmdb':
        pytest.importorskip('lmdb')
    tool = 'dataset_converters/pack_images.py'
    done = run_tool(tool, root, tmp_path / out, '--folder', 'images')
    read_back(done, ['images/b.jpg', 'images/sub/c.PNG'])
    again = run_tool(tool, root, tmp_path / out)
    assert again.returncode == 1
    assert out in again.stderr
    assert 'Traceback' not in again.stderr


def test_several_tar_files(run_tool, root, tmp_path):
    done = run_tool(
        'dataset_converters/pack_images.py',
        root,
        tmp_path / 'x.tar',
        '--shard-size',
        2,
    )
    read_back(done, list_images(root))
    assert len(list(tmp_path.glob('x-*.tar'))) == 2
