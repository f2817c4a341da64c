"""Loading from where checkpoints are: a run, MMPretrain, the web."""

import copy
import hashlib
import socket
import threading
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler

import pytest
import torch
from checkpoint_files import assert_same, call, program, write_zip
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner, load_checkpoint
from mmengine.runner import checkpoint as upstream
from mmpretrain import get_model
from test_engine.tiny import make_data, run, tiny_config

from mmsrdl.checkpoint import UnsafeCheckpointError, load, load_url

# In a Runner and in MMPretrain.


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A run of two epochs: its configuration and its folder."""
    folder = tmp_path_factory.mktemp('run')
    make_data(folder)
    cfg = tiny_config(folder, folder / 'work')
    run(copy.deepcopy(cfg))
    return cfg, folder / 'work'


def test_a_runner_resumes(trained, tmp_path):
    cfg, folder = trained
    cfg = copy.deepcopy(cfg)
    cfg.merge_from_dict(
        dict(
            work_dir=str(tmp_path),
            load_from=str(folder / 'epoch_1.pth'),
            resume=True,
            experiment_name='resumed',
        )
    )
    runner = run(cfg)
    assert runner.epoch == 2
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    assert len(losses) == runner.iter  # those before resuming included
    expected = load(folder / 'epoch_2.pth')['state_dict']
    assert_same(expected, load(tmp_path / 'epoch_2.pth')['state_dict'])


def test_get_model_loads_weights(trained):
    cfg, folder = trained
    path = folder / 'epoch_2.pth'
    model = get_model(Config(dict(cfg)), pretrained=str(path))
    assert_same(load(path)['state_dict'], model.state_dict())
    other = get_model(Config(dict(cfg)))
    load_checkpoint(other, str(path))
    assert_same(other.state_dict(), model.state_dict())


@pytest.fixture
def evil(tmp_path):
    """A checkpoint that makes a file CANARY in its folder."""
    path = tmp_path / 'evil.pth'
    write_zip(path, program(call('os.system', f'touch {tmp_path}/CANARY')))
    yield path
    assert not (tmp_path / 'CANARY').exists()


def test_a_runner_refuses(trained, tmp_path, evil):
    cfg = copy.deepcopy(trained[0])
    cfg.work_dir = str(tmp_path)
    runner = Runner.from_cfg(cfg)
    with pytest.raises(UnsafeCheckpointError, match='system'):
        runner.load_checkpoint(str(evil))
    with pytest.raises(UnsafeCheckpointError, match='system'):
        runner.resume(str(evil))
    with pytest.raises(UnsafeCheckpointError, match='system'):
        get_model(Config(dict(cfg)), pretrained=str(evil))


def test_initial_weights_are_refused(trained, evil):
    cfg = copy.deepcopy(trained[0])
    cfg.model.backbone.init_cfg = dict(type='Pretrained', checkpoint=str(evil))
    with pytest.raises(UnsafeCheckpointError, match='system'):
        get_model(Config(dict(cfg))).init_weights()


def test_other_places_are_refused(evil, monkeypatch):
    """Zoos by name reach the same loading."""
    monkeypatch.setattr(
        upstream, 'get_external_models', lambda: {'name': str(evil)}
    )
    with pytest.raises(UnsafeCheckpointError, match='system'):
        upstream._load_checkpoint('open-mmlab://name')


# From the web.


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A web server: its folder, and the address of it."""
    folder = tmp_path / 'site'
    folder.mkdir()
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    monkeypatch.setenv('no_proxy', '*')

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = partial(Quiet, directory=str(folder))
    with HTTPServer(('127.0.0.1', 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f'http://127.0.0.1:{server.server_port}'
        server.shutdown()
        thread.join()


def put(folder, content, digits=None):
    """Put content on the site under the name that its hash gives."""
    sha256 = hashlib.sha256(content).hexdigest()
    name = f'model_20261121-{digits or sha256[:8]}.pth'
    (folder / name).write_bytes(content)
    return name


def test_url(site, tmp_path):
    folder, address = site
    torch.save({'w': torch.arange(3), 'h': HistoryBuffer()}, tmp_path / 'a')
    name = put(folder, (tmp_path / 'a').read_bytes())
    loaded = upstream._load_checkpoint(f'{address}/{name}?x=1')
    assert loaded['w'].tolist() == [0, 1, 2]
    (folder / name).unlink()
    assert load_url(f'{address}/{name}')['w'].tolist() == [0, 1, 2]  # cached


def test_url_of_another_content(site, tmp_path):
    folder, address = site
    torch.save({}, tmp_path / 'a')
    name = put(folder, (tmp_path / 'a').read_bytes(), digits='0123abcd')
    with pytest.raises(RuntimeError, match='not the one that its name'):
        upstream._load_checkpoint(f'{address}/{name}')
    assert not list((tmp_path / 'cache').rglob('*.pth'))


@pytest.mark.parametrize('name', ['model-best.pth', 'model-20210831.pth'])
def test_url_without_hash(site, name):
    folder, address = site
    torch.save({'a': 1}, folder / name)
    assert load_url(f'{address}/{name}') == {'a': 1}


@pytest.mark.parametrize('digits', ['20219931', '12345678', '202108310'])
def test_url_with_digits_that_are_no_date(site, digits):
    folder, address = site
    torch.save({'a': 1}, folder / f'model-{digits}.pth')
    with pytest.raises(RuntimeError, match='not the one that its name'):
        load_url(f'{address}/model-{digits}.pth')


def test_url_is_refused(site, evil):
    folder, address = site
    name = put(folder, evil.read_bytes())
    with pytest.raises(UnsafeCheckpointError, match='system'):
        upstream._load_checkpoint(f'{address}/{name}')


def test_url_that_is_not_there(site):
    with pytest.raises(ConnectionError, match='Could not download .*404'):
        load_url(f'{site[1]}/a.pth')


def test_url_of_no_server(tmp_path, monkeypatch):
    monkeypatch.setenv('no_proxy', '*')
    with socket.socket() as closed:
        closed.bind(('127.0.0.1', 0))
        port = closed.getsockname()[1]
        with pytest.raises(ConnectionError, match='Could not download'):
            load_url(f'http://127.0.0.1:{port}/a.pth', str(tmp_path))
