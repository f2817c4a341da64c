"""What a linear classifier makes of features that are never trained."""

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import METRICS, MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from mmsrdl.models.heads.multi_label_targets import stack_targets


def probe_backbone(cfg: Config, seed: int) -> float:
    """Fit a linear classifier to the backbone as training finds it.

    Its last feature map, pooled by average and maximum, is standardised; the
    classifier is fitted to the whole train split until it no longer improves.

    Args:
        cfg (Config): Its backbone, data sets and metric are used.
        seed (int): Of the weights of the backbone.

    Returns:
        float: mAP on the test split, in percent.
    """
    torch.manual_seed(seed)
    cfg.model.setdefault('data_preprocessor', cfg.data_preprocessor)
    model = MODELS.build(cfg.model)
    model.init_weights()
    train, samples = _extract(model.eval(), cfg, 'train')
    test, test_samples = _extract(model, cfg, 'test')
    mean, std = train.mean(0), train.std(0).clamp(min=1e-6)
    classes = cfg.data_preprocessor.num_classes
    target = stack_targets(samples, train.new_empty(len(train), classes))
    weight, bias = _fit((train - mean) / std, target)
    scores = ((test - mean) / std @ weight + bias).sigmoid()

    metric = METRICS.build(cfg.test_evaluator)
    for sample, score in zip(test_samples, scores, strict=True):
        metric.process(None, [sample.set_pred_score(score).to_dict()])
    return metric.evaluate(len(scores))['multi-label/mAP']


@torch.no_grad()
def _extract(
    model: torch.nn.Module, cfg: Config, split: str
) -> tuple[Tensor, list[DataSample]]:
    """Pooled features of a split, (N, 2 D), and its labels."""
    loader = cfg[f'{split}_dataloader'].copy()
    loader.update(
        dataset=dict(
            loader.dataset, pipeline=cfg.test_dataloader.dataset.pipeline
        ),
        sampler=dict(type='DefaultSampler', shuffle=False),
        batch_size=50,
    )
    features, samples = [], []
    for batch in Runner.build_dataloader(loader):
        data = model.data_preprocessor(batch, training=False)
        feature = model.backbone(data['inputs'])[-1]
        features.append(
            torch.cat([feature.mean((2, 3)), feature.amax((2, 3))], 1)
        )
        samples += data['data_samples']
    return torch.cat(features), samples


def _fit(features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Logistic regression with a slight decay, (2 D, C) and (C,)."""
    weight = features.new_zeros(features.shape[1], target.shape[1])
    bias = features.new_zeros(target.shape[1])
    parameters = [weight.requires_grad_(), bias.requires_grad_()]
    known = (target >= 0).float()
    optimizer = torch.optim.LBFGS(
        parameters, max_iter=200, line_search_fn='strong_wolfe'
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.binary_cross_entropy_with_logits(
            features @ weight + bias, target.clamp(min=0), weight=known
        )
        value = value + 1e-4 * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weight.detach(), bias.detach()
