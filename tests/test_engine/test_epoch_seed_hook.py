import pytest
import torch

from mmsrdl.engine.hooks import EpochSeedHook

from .tiny import make_data, run, tiny_config


def weights(runner):
    return runner.model.state_dict()


@pytest.mark.parametrize('workers', [0, 2])
def test_resumed_equals_uninterrupted(tmp_path, workers):
    """Bit for bit, with augmentation, erasing and workers."""
    make_data(tmp_path)
    options = {
        'train_dataloader.num_workers': workers,
        'custom_hooks': [dict(type='ObjectErasingHook')],
    }
    whole = run(tiny_config(tmp_path, tmp_path / 'whole', **options))

    options['train_cfg.max_epochs'] = 1
    first = run(tiny_config(tmp_path, tmp_path / 'parts', **options))
    options |= {'train_cfg.max_epochs': 2, 'resume': True}
    resumed = run(tiny_config(tmp_path, tmp_path / 'parts', **options))
    assert resumed.iter == whole.iter == 2 * first.iter
    expected = weights(whole)
    assert any(
        not torch.equal(expected[name], value)
        for name, value in weights(first).items()
    )
    for name, value in weights(resumed).items():
        assert torch.equal(expected[name], value), name


@pytest.mark.parametrize('workers', [0, 2])
def test_epochs_and_seeds_draw_different_images(tmp_path, workers):
    make_data(tmp_path)

    def epochs(seed):
        config = tiny_config(tmp_path, tmp_path / f'run{seed}')
        config.randomness.seed = seed
        config.train_dataloader.num_workers = workers
        config.train_dataloader.sampler.shuffle = False
        runner = run(config)
        batches = []
        for epoch in (0, 1, 1):
            runner.train_loop._epoch = epoch
            runner.call_hook('before_train_epoch')
            batch = next(iter(runner.train_dataloader))
            batches.append(torch.stack(batch['inputs']))
        return batches

    first, second, again = epochs(seed=0)
    assert torch.equal(second, again)
    assert not torch.equal(first, second)
    assert not torch.equal(first, epochs(seed=1)[0])


def test_warns_of_persistent_workers(monkeypatch):
    messages = []
    monkeypatch.setattr(
        'mmsrdl.engine.hooks.epoch_seed_hook.print_log',
        lambda message, **kwargs: messages.append(message),
    )

    class Runner:
        train_dataloader = torch.utils.data.DataLoader(
            [1], num_workers=1, persistent_workers=True
        )

    EpochSeedHook().before_train(Runner)
    assert 'persistent_workers=True' in messages[0]
    Runner.train_dataloader = torch.utils.data.DataLoader([1])
    EpochSeedHook().before_train(Runner)
    assert len(messages) == 1
