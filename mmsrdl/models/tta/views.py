"""Which views of an image are averaged over, as a config says."""

from collections.abc import Sequence
from copy import deepcopy

from mmengine.config import Config, ConfigDict
from torch import nn


def add_views(cfg: Config) -> None:
    """Make a config test by the average over views of each image.

    Args:
        cfg (Config): With a ``test_dataloader``; changed in place.
    """
    dataset = cfg.test_dataloader.dataset
    dataset.pipeline = view_pipeline(cfg, dataset.pipeline)
    cfg.model = ConfigDict(view_model(cfg, cfg.model))


def view_pipeline(cfg: Config, pipeline: Sequence[dict]) -> list[dict]:
    """Find the pipeline that makes several views of an image.

    Args:
        cfg (Config): May have a ``tta_pipeline``.
        pipeline (Sequence[dict]): The test pipeline, packing last.

    Returns:
        list[dict]: A copy of ``tta_pipeline`` or, by default, of the test
        pipeline with the image and its mirror image as views.
    """
    if 'tta_pipeline' in cfg:
        return deepcopy(cfg.tta_pipeline)
    *steps, pack = deepcopy(pipeline)
    flips = [dict(type='RandomFlip', prob=prob) for prob in (1.0, 0.0)]
    return [*steps, dict(type='TestTimeAug', transforms=[flips, [pack]])]


def view_model(cfg: Config, module: dict | nn.Module) -> dict:
    """Wrap a model so that it averages over views.

    Args:
        cfg (Config): May have a ``tta_model``.
        module (dict | nn.Module): The model, or its config.

    Returns:
        dict: The config of the wrapper, by default of
        :class:`AverageMultiLabelScoreTTA`.
    """
    wrapper = cfg.get('tta_model', dict(type='AverageMultiLabelScoreTTA'))
    return dict(wrapper, module=module)
