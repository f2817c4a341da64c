"""The task that MMDeploy runs for a deploy config that names this package.

Imported where MMDeploy is installed, with which it registers; see
``codebase_config.module`` in ``configs/deploy/_base_/multilabel_static.py``.
"""

from copy import deepcopy
from typing import Any

import numpy as np
from mmdeploy.codebase.mmpretrain.deploy.classification import (
    MMPRETRAIN_TASK,
    Classification,
)
from mmdeploy.utils import (
    Task,
    get_backend,
    get_dynamic_axes,
    get_input_shape,
)
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseDataPreprocessor
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from mmsrdl.compat import export_through, restore_static_methods

from .deploy_options import DeployOptions
from .deployable_models import apply_test_pipeline, load_deployable
from .mmdeploy_export import export
from .model_metadata import find_test_pipeline


@MMPRETRAIN_TASK.register_module(Task.CLASSIFICATION.value, force=True)
class MultiLabelClassification(Classification):
    """Deploys classifiers of several labels; others as MMDeploy's own task.

    What MMDeploy's own task gets wrong for them: a checkpoint that does not
    fit is loaded in part, a static graph takes the size of the pipeline
    whatever the deploy config says, and the SDK gets a component by a name
    that it does not know.

    Args:
        model_cfg (Config): Of the model.
        deploy_cfg (Config): See ``configs/deploy``.
        device (str): ``'cpu'`` or such as ``'cuda:0'``.

    Raises:
        ValueError: If the model config has no test pipeline.
    """

    def __init__(
        self, model_cfg: Config, deploy_cfg: Config, device: str
    ) -> None:
        # Not before: MMDeploy's API loads slowly.
        export_through(export)
        restore_static_methods()
        super().__init__(_complete(model_cfg), deploy_cfg, device)

    def build_pytorch_model(
        self,
        model_checkpoint: str | None = None,
        cfg_options: dict | None = None,
        **kwargs,
    ) -> nn.Module:
        """Build the model, with all weights of the checkpoint.

        Raises:
            ValueError: If the checkpoint does not fit the model, or the
                class names are unknown.
        """
        if model_checkpoint is None or not self._is_multi_label():
            return super().build_pytorch_model(model_checkpoint, cfg_options)
        model, metadata = load_deployable(self.model_cfg, model_checkpoint)
        model.deploy_metadata = metadata  # for the file, see `export`
        return model.to(self.device)

    def create_input(
        self,
        imgs: str | np.ndarray | list,
        input_shape: list[int] | None = None,
        data_preprocessor: BaseDataPreprocessor | None = None,
    ) -> tuple[dict, Tensor]:
        """Load images as the test pipeline says.

        Raises:
            ValueError: If they cannot be read, a step of the pipeline fails,
                or their size is not that of a static graph.
        """
        if not isinstance(imgs, list | tuple):
            imgs = [imgs]
        data = pseudo_collate(
            [apply_test_pipeline(self.model_cfg, image) for image in imgs]
        )
        if data_preprocessor is not None:
            data = data_preprocessor(data, False)
        images = data['inputs']
        options = DeployOptions(
            get_backend(self.deploy_cfg).value,
            input_shape=get_input_shape(self.deploy_cfg),
            dynamic_axes=get_dynamic_axes(self.deploy_cfg) or {},
        )
        options.check_size(*images[0].shape[-2:])
        return data, images

    def get_postprocess(self, *args, **kwargs) -> dict[str, Any]:
        """Return the component that sorts the scores in the SDK.

        It returns the best ``num_classes`` labels, whatever they score: the
        application applies ``thr`` or ``topk``, which are given for it.
        """
        if not self._is_multi_label():
            return super().get_postprocess(*args, **kwargs)
        head = MODELS.build(self.model_cfg.model.head)
        params = dict(num_classes=self.model_cfg.model.head.num_classes)
        if head.thr is not None:
            params['thr'] = head.thr
        else:
            params['topk'] = head.topk
        return dict(type='MultiLabelLinearClsHead', params=params)

    def _is_multi_label(self) -> bool:
        head = MODELS.get(self.model_cfg.model.head.type)
        return issubclass(head, MultiLabelClsHead)


def _complete(model_cfg: Config) -> Config:
    """Set where MMDeploy looks what MMPretrain finds elsewhere too."""
    cfg = deepcopy(model_cfg)
    cfg.setdefault('default_scope', 'mmpretrain')
    cfg.test_pipeline = find_test_pipeline(cfg)
    cfg.data_preprocessor = cfg.model.get('data_preprocessor') or cfg.get(
        'data_preprocessor', {}
    )
    return cfg
