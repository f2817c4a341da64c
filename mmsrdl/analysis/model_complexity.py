"""Parameters and operations of a model."""

from copy import deepcopy

from mmengine.analysis import get_model_complexity_info
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmpretrain import get_model


def measure_complexity(cfg: Config, shape: tuple[int, int, int]) -> dict:
    """Count the parameters and the operations of a model, head included.

    Operations are multiply-adds of convolutions and matrix products;
    element-wise operations, as those of the attention, are left out.

    Args:
        cfg (Config): Of the model.
        shape (tuple[int, int, int]): Channels, height and width of an image.

    Returns:
        dict: ``params``, ``flops`` and ``activations`` of one image, each
        also as text (``params_str`` and so on), and ``out_table``.
    """
    cfg = deepcopy(cfg)
    if cfg.model.get('head', {}).get('type') == 'CARHead':
        # The same maths in plain modules, which the counter can see.
        cfg.model.head.attention_impl = 'reference'
    logger = MMLogger.get_current_instance()
    level = logger.level
    logger.setLevel('ERROR')  # it would name every operator not counted
    try:
        return get_model_complexity_info(get_model(cfg), shape)
    finally:
        logger.setLevel(level)
