import mmpretrain
import pytest
from tiny_classifier import CLASSES, make_checkpoint, make_config

import mmsrdl.deploy
from mmsrdl.apis import MultiLabelInferencer
from mmsrdl.apis.model_sources import is_multi_label


@pytest.fixture
def exported(tmp_path, monkeypatch):
    """Path of an ONNX file that holds a classifier, or says so."""
    path = tmp_path / 'model.onnx'
    path.touch()
    config = make_config(classes=CLASSES)
    checkpoint = make_checkpoint(tmp_path / 'x.pth')

    def load(given, device):
        assert (given, device) == (str(path), 'cpu')
        model = mmpretrain.get_model(config, checkpoint)
        steps = config.test_dataloader.dataset.pipeline
        model._config = type(config)(dict(test_pipeline=steps))
        model._dataset_meta = dict(classes=CLASSES)
        del model._metainfo
        return model

    monkeypatch.setattr(
        mmsrdl.deploy, 'load_backend_model', load, raising=False
    )
    return path


def test_an_exported_model(exported, folder, tmp_path):
    assert is_multi_label(exported)
    inferencer = MultiLabelInferencer(exported, device='cpu')
    assert inferencer.classes == CLASSES
    config = make_config(classes=CLASSES)
    expected = MultiLabelInferencer(config, str(tmp_path / 'x.pth'))
    assert inferencer(folder) == expected(folder)
    assert inferencer(folder, tta=True) == expected(folder, tta=True)
    with pytest.raises(ValueError, match='an exported model gives scores'):
        inferencer(folder, return_maps=True)


def test_an_exported_model_is_as_it_is(exported):
    with pytest.raises(ValueError, match='takes no checkpoint'):
        MultiLabelInferencer(exported, 'x.pth')
    with pytest.raises(ValueError, match='head: the parts of a model'):
        MultiLabelInferencer(exported, device='cpu', head=dict(thr=0.1))
    with pytest.raises(
        FileNotFoundError, match="no exported model 'nowhere.onnx'"
    ):
        MultiLabelInferencer('nowhere.onnx')


def test_changes_of_the_config(tmp_path):
    checkpoint = make_checkpoint(tmp_path / 'x.pth')
    config = make_config(classes=CLASSES)
    head = dict(thr=0.1)
    inferencer = MultiLabelInferencer(config, checkpoint, head=head)
    assert inferencer.model.head.thr == 0.1
    with pytest.raises(ValueError, match='cannot be changed'):
        MultiLabelInferencer(inferencer.model, head=head)
