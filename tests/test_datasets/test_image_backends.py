"""Images in folders, LMDB and tar files, by the backends of MMEngine."""

import json
import os
import pickle
import tarfile

import numpy as np
import pytest
from mmengine.fileio import get_file_backend
from mmpretrain.registry import DATASETS
from torch.utils.data import DataLoader

from mmsrdl.datasets import MultiLabelJson, VOCMultiLabel
from mmsrdl.datasets.image_packs import list_images, pack_lmdb, pack_tar
from mmsrdl.datasets.tar_backend import TarBackend

NAMES = ['a.jpg', 'b.jpg', 'sub/c.jpg', 'sub/deep/d.jpg']
COLOURS = [40, 90, 140, 190]


@pytest.fixture
def root(tmp_path, write_image):
    for name, colour in zip(NAMES, COLOURS, strict=True):
        write_image(tmp_path / 'images' / name, (colour,) * 3)
    write_annotations(tmp_path, NAMES)
    return tmp_path


def write_annotations(root, names):
    content = {
        'metainfo': {'classes': ['cat']},
        'data_list': [{'img_path': n, 'gt_label': [0]} for n in names],
    }
    (root / 'a.json').write_text(json.dumps(content))


def pack(kind, root):
    """Packs the images; returns arguments of LoadImageFromFile."""
    names = list_images(root, 'images')
    if kind == 'folder':
        return {}
    if kind == 'folder, old name':
        return {'file_client_args': {'backend': 'disk'}}
    if kind.startswith('lmdb'):
        pytest.importorskip('lmdb')
        path = pack_lmdb(root, names, root / 'images.lmdb')
        args = {'backend': 'lmdb', 'db_path': str(path)}
        key = 'file_client_args' if 'old' in kind else 'backend_args'
        return {key: args}
    size = 3 if kind == 'tar shards' else None
    pack_tar(root, names, root / 'images.tar', size)
    args = {'backend': 'tar', 'shards': str(root / 'images*.tar')}
    return {'backend_args': args}


def build(root, loader, **kwargs):
    return DATASETS.build(
        {
            'type': 'MultiLabelJson',
            'data_root': str(root),
            'ann_file': 'a.json',
            'data_prefix': {'img_path': 'images'},
            'pipeline': [
                {'type': 'LoadImageFromFile', **loader},
                {'type': 'PackInputs'},
            ],
            **kwargs,
        }
    )


KINDS = [
    'folder', 'folder, old name', 'lmdb', 'lmdb, old name', 'tar',
    'tar shards',
]  # fmt: skip


@pytest.mark.filterwarnings('ignore:"file_client_args"')
@pytest.mark.parametrize('kind', KINDS)
class TestEveryBackend:
    def test_images_are_read(self, root, kind):
        loader = pack(kind, root)
        if not kind.startswith('folder'):
            (root / 'images').rename(root / 'away')
        dataset = build(root, loader, test_mode=True)
        shades = [item['inputs'].float().mean() for item in dataset]
        np.testing.assert_allclose(shades, COLOURS, atol=2)

    def test_missing_images_are_found_and_listed(self, root, kind, log):
        loader = pack(kind, root)
        write_annotations(root, [*NAMES, 'gone.jpg'])
        listed = root / 'skipped.txt'
        dataset = build(root, loader, skip_file=str(listed))
        assert len(dataset) == 4
        assert any(
            '1 of 5 images are missing' in m and str(listed) in m for m in log
        )
        (line,) = listed.read_text().splitlines()
        path, reason = line.split('\t')
        assert path.endswith(os.path.join('images', 'gone.jpg'))
        assert reason == 'missing'
        with pytest.raises(FileNotFoundError, match='gone.jpg'):
            build(root, loader, test_mode=True)

    def test_forked_workers_read_them(self, root, kind):
        check_workers(build(root, pack(kind, root)), 'fork')


@pytest.mark.parametrize('kind', ['lmdb', 'tar'])
def test_links_are_packed_with_their_content(root, kind):
    images = root / 'images'
    (images / 'soft.jpg').symlink_to('a.jpg')
    (images / 'hard.jpg').hardlink_to(images / 'a.jpg')
    (images / 'folder').symlink_to('sub')
    names = ['soft.jpg', 'hard.jpg', 'a.jpg', 'folder/c.jpg']
    write_annotations(root, names)
    loader = pack(kind, root)
    images.rename(root / 'away')
    dataset = build(root, loader, test_mode=True)
    shades = [item['inputs'].float().mean() for item in dataset]
    np.testing.assert_allclose(shades, [40, 40, 40, 140], atol=2)


def test_the_size_of_a_shard(root):
    with pytest.raises(ValueError, match='at least 1, got 0'):
        pack_tar(root, list_images(root), root / 'x.tar', 0)


@pytest.mark.parametrize('kind', ['lmdb', 'tar'])
def test_spawned_workers_read_them(root, kind):
    check_workers(build(root, pack(kind, root)), 'spawn')


def check_workers(dataset, context):
    loader = DataLoader(
        dataset,
        num_workers=2 if context == 'fork' else 1,
        collate_fn=pick_first,
        multiprocessing_context=context,
    )
    shades = [item['inputs'].float().mean() for item in loader]
    np.testing.assert_allclose(shades, COLOURS, atol=2)


def pick_first(batch):
    return batch[0]


def test_the_check_can_be_left_out(root):
    write_annotations(root, [*NAMES, 'gone.jpg'])
    assert len(build(root, {}, check_images=False)) == 5


def test_a_backend_that_cannot_tell_is_not_asked(root, log):
    dataset = build(
        root,
        {'backend_args': {'backend': 'http'}},
        data_prefix={'img_path': 'http://example.org/images'},
    )
    path = dataset.get_data_info(0)['img_path']
    assert path == 'http://example.org/images/a.jpg'
    assert any('does not look for its images: HTTPBackend' in m for m in log)


def test_an_unknown_backend(root):
    with pytest.raises(ValueError, match="no file backend 'zip'"):
        build(root, {'backend_args': {'backend': 'zip'}})


def test_a_missing_database(root):
    pytest.importorskip('lmdb')
    args = {'backend': 'lmdb', 'db_path': str(root / 'none.lmdb')}
    with pytest.raises(FileNotFoundError, match='no LMDB database .*none'):
        build(root, {'backend_args': args})


def test_what_is_no_database(root):
    pytest.importorskip('lmdb')
    args = {'backend': 'lmdb', 'db_path': str(root / 'images')}
    with pytest.raises(ValueError, match='images.* is not an LMDB database'):
        build(root, {'backend_args': args})


def test_names_that_lmdb_cannot_have(root):
    pytest.importorskip('lmdb')
    loader = pack('lmdb', root)
    write_annotations(root, ['Käse.jpg'])
    with pytest.raises(ValueError, match='ASCII.*Käse'):
        build(root, loader)
    with pytest.raises(ValueError, match='ASCII.*Käse'):
        pack_lmdb(root, ['Käse.jpg'], root / 'other.lmdb')
    assert not (root / 'other.lmdb').exists()


@pytest.mark.parametrize('kind', ['lmdb', 'tar'])
def test_voc_in_one_file(tmp_path, write_image, kind):
    """Keys begin with JPEGImages; lists and XML stay in the folder."""
    write_image(tmp_path / 'JPEGImages' / 'x.jpg')
    for path, text in (
        ('ImageSets/Main/train.txt', 'x\n'),
        (
            'Annotations/x.xml',
            '<annotation><object><name>dog</name></object></annotation>',
        ),
    ):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text)
    (tmp_path / 'images').symlink_to('JPEGImages')
    names = list_images(tmp_path, 'JPEGImages')
    if kind == 'lmdb':
        pytest.importorskip('lmdb')
        path = str(pack_lmdb(tmp_path, names, tmp_path / 'x.lmdb'))
        args = {'backend': 'lmdb', 'db_path': path}
    else:
        pack_tar(tmp_path, names, tmp_path / 'x.tar')
        args = {'backend': 'tar', 'shards': str(tmp_path / 'x.tar')}
    (tmp_path / 'JPEGImages').rename(tmp_path / 'away')
    dataset = VOCMultiLabel(
        str(tmp_path),
        'train',
        pipeline=[
            {'type': 'LoadImageFromFile', 'backend_args': args},
            {'type': 'PackInputs'},
        ],
    )
    assert dataset[0]['inputs'].shape == (3, 64, 64)


class TestTarBackend:
    def test_it_reads_members(self, root):
        names = list_images(root, 'images')
        shards = pack_tar(root, names, root / 'x.tar', 2)
        assert [path.name for path in shards] == [
            'x-00000.tar',
            'x-00001.tar',
        ]
        backend = get_file_backend(
            backend_args={'backend': 'tar', 'shards': list(map(str, shards))}
        )
        assert isinstance(backend, TarBackend)
        backend = pickle.loads(pickle.dumps(backend))
        for name in names:
            assert backend.get(name) == (root / name).read_bytes()
        assert backend.isfile('./images/a.jpg')
        assert not backend.isfile('images')
        with pytest.raises(FileNotFoundError, match="no member 'b.jpg'"):
            backend.get('b.jpg')

    def test_names_of_any_kind_and_length(self, tmp_path):
        names = ['Käse/図 1.jpg', 'x' * 150 + '.jpg', 'lone \udc80.txt']
        for name in names:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(name, errors='surrogateescape')
        pack_tar(tmp_path, names, tmp_path / 'x.tar')
        backend = TarBackend(str(tmp_path / 'x.tar'))
        assert backend.get_text(names[0]) == names[0]
        for name in names:
            assert backend.get(name) == (tmp_path / name).read_bytes()

    def test_an_empty_file_and_an_empty_tar(self, tmp_path):
        (tmp_path / 'a').write_bytes(b'')
        pack_tar(tmp_path, ['a'], tmp_path / 'x.tar')
        assert TarBackend(str(tmp_path / 'x.tar')).get('a') == b''
        tarfile.open(tmp_path / 'y.tar', 'w').close()
        assert not TarBackend(str(tmp_path / 'y.tar')).isfile('a')

    def test_files_that_are_none(self, root):
        with pytest.raises(FileNotFoundError, match='no tar file .*none.tar'):
            TarBackend(str(root / 'none.tar')).get('a')
        with tarfile.open(root / 'x.tar.gz', 'w:gz') as file:
            file.add(root / 'a.json', 'a.json')
        for path in (root / 'x.tar.gz', root / 'images' / 'a.jpg'):
            with pytest.raises(ValueError, match='not an uncompressed tar'):
                TarBackend(str(path)).get('a')

    def test_a_truncated_file(self, root):
        names = list_images(root, 'images')
        (path,) = pack_tar(root, names, root / 'x.tar')
        path.write_bytes(path.read_bytes()[:1000])
        with pytest.raises((OSError, ValueError), match='x.tar'):
            TarBackend(str(path)).get(names[0])

    def test_equal_names(self, root):
        names = list_images(root, 'images')
        for name in ('x', 'y'):
            pack_tar(root, names, root / f'{name}.tar')
        with pytest.raises(ValueError, match="4 members .*'images/"):
            TarBackend(str(root / '?.tar')).isfile('a')


def test_nothing_to_pack(tmp_path):
    with pytest.raises(FileNotFoundError, match='no image.*jpg'):
        list_images(tmp_path)


def test_packs_are_not_overwritten(root):
    names = list_images(root)
    pack_tar(root, names, root / 'x.tar')
    with pytest.raises(FileExistsError, match='x.tar'):
        pack_tar(root, names, root / 'x.tar')


def test_it_is_the_same_data_set(root):
    """Labels do not depend on where the images are."""
    folder = build(root, {})
    assert isinstance(folder, MultiLabelJson)
    packed = build(root, pack('tar', root))
    assert folder.get_gt_labels()[0] == packed.get_gt_labels()[0]
    assert packed.get_data_info(2)['img_path'] == 'images/sub/c.jpg'
