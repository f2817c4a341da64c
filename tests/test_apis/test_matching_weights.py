import pytest
import torch
from torch import nn

from mmsrdl.apis import load_matching_weights


def make_model(num_classes=3):
    return nn.Sequential(
        nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Linear(2, num_classes)
    )


@pytest.mark.parametrize('prefix', ['', 'module.'])
@pytest.mark.parametrize('bare', [True, False])
def test_loads_all_weights(tmp_path, prefix, bare):
    source, target = make_model(), make_model()
    weights = {f'{prefix}{k}': v for k, v in source.state_dict().items()}
    del weights[f'{prefix}1.num_batches_tracked']
    content = dict(state_dict=weights, meta=dict(epoch=3))
    torch.save(weights if bare else content, tmp_path / 'x.pth')
    meta = load_matching_weights(target, tmp_path / 'x.pth')
    assert meta == ({} if bare else dict(epoch=3))
    for name, value in source.named_parameters():
        assert torch.equal(target.get_parameter(name), value)


def test_another_number_of_classes(tmp_path):
    torch.save(make_model(5).state_dict(), tmp_path / 'x.pth')
    message = r'x.pth does not fit .*classes.*2.weight is \(5, 2\) instead of'
    with pytest.raises(ValueError, match=message):
        load_matching_weights(make_model(), tmp_path / 'x.pth')


def test_another_model(tmp_path):
    weights = make_model().state_dict()
    weights['extra'] = weights.pop('2.bias')
    torch.save(weights, tmp_path / 'x.pth')
    message = 'it lacks: 2.bias; the model lacks: extra'
    with pytest.raises(ValueError, match=message):
        load_matching_weights(make_model(), tmp_path / 'x.pth')


def test_many_differences_are_counted(tmp_path):
    torch.save({}, tmp_path / 'x.pth')
    with pytest.raises(ValueError, match=r'0.weight, .* and 5 more'):
        load_matching_weights(make_model(), tmp_path / 'x.pth')


def test_a_mismatch_changes_nothing(tmp_path):
    torch.save(make_model(5).state_dict(), tmp_path / 'x.pth')
    model = make_model()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.raises(ValueError):
        load_matching_weights(model, tmp_path / 'x.pth')
    after = model.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize('content', [[1, 2], dict(state_dict=[1])])
def test_no_weights(tmp_path, content):
    torch.save(content, tmp_path / 'x.pth')
    with pytest.raises(ValueError, match='x.pth holds no weights'):
        load_matching_weights(make_model(), tmp_path / 'x.pth')


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.pth'):
        load_matching_weights(make_model(), tmp_path / 'nowhere.pth')
