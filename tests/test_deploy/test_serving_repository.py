import os
import re
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from doc_pages import ROOT, Page
from google.protobuf import json_format, text_format
from mmengine.config import Config

from mmsrdl.apis import MultiLabelInferencer
from mmsrdl.deploy import (
    ModelMetadata,
    deploy_onnx,
    write_metadata,
    write_serving_repository,
)

from .tiny_graphs import make_graph


@pytest.fixture(scope='module')
def schema():
    """The server's own schema of config.pbtxt, as its client ships it.

    The module alone: the rest of the client imports gRPC.
    """
    package = find_spec('tritonclient')
    if package is None:
        pytest.skip('needs tritonclient')
    path = Path(package.origin).parent / 'grpc/model_config_pb2.py'
    spec = spec_from_file_location('model_config_pb2', path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def read_config(schema):
    def read(folder):
        text = (folder / 'config.pbtxt').read_text('utf-8')
        return text_format.Parse(text, schema.ModelConfig())

    return read


METADATA = ModelMetadata(
    classes=('one "quoted"', 'zwei\\', '三'),
    thr=0.5,
    topk=None,
    data_preprocessor=dict(mean=(1.0, 2.0, 3.0)),
    test_pipeline=[dict(type='LoadImageFromFile')],
)


def save_graph(path, **options):
    graph = make_graph(**options)
    write_metadata(graph, METADATA)
    onnx.save(graph, path)
    return path


def test_repository(schema, read_config, tmp_path):
    path = save_graph(tmp_path / 'end2end.onnx')
    folder = write_serving_repository(path, tmp_path / 'models', 'tiny', 16)
    assert folder == tmp_path / 'models/tiny'
    assert {p.name for p in folder.iterdir()} == {
        'config.pbtxt',
        'labels.txt',
        '1',
    }
    assert (folder / '1/model.onnx').read_bytes() == path.read_bytes()
    labels = (folder / 'labels.txt').read_text('utf-8').splitlines()
    assert tuple(labels) == METADATA.classes

    config = read_config(folder)
    assert (config.name, config.backend) == ('tiny', 'onnxruntime')
    assert config.max_batch_size == 16
    assert config.HasField('dynamic_batching')
    (image,), (scores,) = config.input, config.output
    assert (image.name, list(image.dims)) == ('input', [3, 8, 8])
    assert (scores.name, list(scores.dims)) == ('output', [3])
    assert image.data_type == scores.data_type == schema.TYPE_FP32
    assert scores.label_filename == 'labels.txt'
    told = {key: v.string_value for key, v in config.parameters.items()}
    assert ModelMetadata.from_strings(told) == METADATA


def test_fixed_and_free_sizes(read_config, tmp_path):
    """A fixed number of images leaves nothing to put together."""
    path = save_graph(tmp_path / 'static.onnx', batch=1)
    config = read_config(write_serving_repository(path, tmp_path, 'static'))
    assert config.max_batch_size == 0
    assert not config.HasField('dynamic_batching')
    assert list(config.input[0].dims) == [1, 3, 8, 8]
    assert list(config.output[0].dims) == [1, 3]
    path = save_graph(tmp_path / 'free.onnx', size='size')
    config = read_config(write_serving_repository(path, tmp_path, 'free'))
    assert list(config.input[0].dims) == [3, -1, -1]


def test_engine(read_config, tmp_path):
    path = save_graph(tmp_path / 'end2end.onnx').with_suffix('.engine')
    path.write_bytes(b'engine')
    folder = write_serving_repository(path, tmp_path / 'models', 'tiny')
    assert read_config(folder).backend == 'tensorrt'
    assert (folder / '1/model.plan').read_bytes() == b'engine'


def test_bad_input(tmp_path):
    path = save_graph(tmp_path / 'end2end.onnx')
    for name in ('a/b', '..', ''):
        with pytest.raises(ValueError, match='cannot be the name'):
            write_serving_repository(path, tmp_path / 'models', name)
    for name in ('no.onnx', 'end2end.engine'):
        with pytest.raises(FileNotFoundError, match=f'no model .*{name}'):
            write_serving_repository(tmp_path / name, tmp_path, 'tiny')
    with pytest.raises(ValueError, match=r'must end in \.onnx or \.engine'):
        write_serving_repository(tmp_path / 'model.pth', tmp_path, 'tiny')
    onnx.save(make_graph(), path)
    with pytest.raises(ValueError, match='lacks the metadata'):
        write_serving_repository(path, tmp_path / 'models', 'tiny')
    assert not (tmp_path / 'models').exists()


@pytest.mark.parametrize('name', ['model.onnx', 'labels.txt', 'config.pbtxt'])
def test_half_a_file_is_never_seen(tmp_path, monkeypatch, name):
    """A server that watches keeps what it has until all is written."""
    path = save_graph(tmp_path / 'end2end.onnx')
    folder = write_serving_repository(path, tmp_path / 'models', 'tiny')
    before = {p: p.read_bytes() for p in folder.rglob('*') if p.is_file()}
    replace = os.replace

    def fail(source, target):
        if Path(target).name == name:
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(KeyboardInterrupt):
        write_serving_repository(path, tmp_path / 'models', 'tiny', 7)
    (kept,) = (p for p in before if p.name == name)
    after = {p: p.read_bytes() for p in folder.rglob('*') if p.is_file()}
    assert set(after) == set(before)
    assert after[kept] == before[kept]


@pytest.fixture
def client(schema, read_config, monkeypatch):
    """``tritonclient.http``, of a server that serves a repository at once."""

    class InferenceServerClient:
        def __init__(self, url):
            assert url == 'localhost:8000'

        def get_model_config(self, name):
            return json_format.MessageToDict(
                read_config(Path('models', name)),
                preserving_proto_field_name=True,
            )

        def infer(self, name, inputs):
            session = onnxruntime.InferenceSession(
                f'models/{name}/1/model.onnx'
            )
            names = [output.name for output in session.get_outputs()]
            feed = {each.name: each.array for each in inputs}
            results = dict(zip(names, session.run(names, feed)))
            return SimpleNamespace(as_numpy=results.get)

    class InferInput:
        def __init__(self, name, shape, datatype):
            self.name, self.shape = name, shape
            assert datatype == 'FP32'

        def set_data_from_numpy(self, array):
            assert (array.shape, array.dtype) == (self.shape, np.float32)
            self.array = array

    http = ModuleType('tritonclient.http')
    http.InferenceServerClient = InferenceServerClient
    http.InferInput = InferInput
    package = ModuleType('tritonclient')
    package.http = http
    monkeypatch.setitem(sys.modules, 'tritonclient', package)
    monkeypatch.setitem(sys.modules, 'tritonclient.http', http)


def test_client_of_the_docs(client, deployable, tmp_path, monkeypatch, capsys):
    """It prints what the inferencer predicts, without this package."""
    (program,) = [
        block
        for block in Page('docs/deployment.md').blocks('python')
        if 'tritonclient' in block
    ]
    assert 'mmsrdl' not in program
    (name,) = re.findall("^MODEL = '(.*)'$", program, re.M)

    model_cfg = Config.fromfile(deployable.config)
    resize = model_cfg.test_dataloader.dataset.pipeline[1]
    resize.update(interpolation='bicubic', backend='pillow')
    deploy_cfg = Config.fromfile(
        ROOT / 'configs/deploy/multilabel_onnxruntime_dynamic-448x448.py'
    )
    deploy_cfg.onnx_config.input_shape = (32, 32)
    path, _ = deploy_onnx(
        deploy_cfg,
        model_cfg,
        deployable.checkpoint,
        deployable.image,
        tmp_path,
    )
    write_serving_repository(path, tmp_path / 'models', name)
    monkeypatch.chdir(tmp_path)
    image = np.random.default_rng(1).integers(0, 255, (45, 60, 3), np.uint8)
    # Not a .jpg but for its name, so that all decoders agree.
    Path('photo.jpg').write_bytes(cv2.imencode('.png', image)[1])
    exec(program, {})
    lines = capsys.readouterr().out.splitlines()

    inferencer = MultiLabelInferencer(model_cfg, deployable.checkpoint)
    (expected,) = inferencer('photo.jpg')
    found = {line.split()[1]: float(line.split()[0]) for line in lines}
    assert 0 < len(found) < 3
    assert set(found) == set(expected['pred_classes'])
    for label, score in zip(expected['pred_classes'], expected['pred_scores']):
        assert found[label] == pytest.approx(score, abs=6e-4)
