"""Training on what frozen stages make of images, which is computed once.

Stages that are frozen, their BatchNorm included, make the same of an image in
each epoch. Of each image some random views are taken and stored as float16;
a training draws one of them at random in each epoch. State names are those of
the network itself.
"""

import hashlib
from pathlib import Path
from zlib import crc32

import numpy as np
import torch
from mmcv.cnn import fuse_conv_bn
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed
from mmpretrain.models.backbones import MobileNetV2
from mmpretrain.registry import DATASETS, MODELS, TRANSFORMS
from PIL import Image
from rich.progress import track
from torch import Tensor
from torch.utils.data import DataLoader


@MODELS.register_module()
class LaterStagesMobileNetV2(MobileNetV2):
    """MobileNetV2 that takes what its frozen stages make of images."""

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the maps of ``out_indices``, from ``frozen_stages`` on."""
        maps = []
        first = max(self.frozen_stages, 0)
        for index, name in enumerate(self.layers[first:], first):
            x = getattr(self, name)(x)
            if index in self.out_indices:
                maps.append(x)
        return tuple(maps)

    def forward_frozen(self, x: Tensor) -> Tensor:
        """Return what the frozen stages make of images."""
        x = self.conv1(x)
        for name in self.layers[: max(self.frozen_stages, 0)]:
            x = getattr(self, name)(x)
        return x


@TRANSFORMS.register_module()
class LoadFrozenFeatures(BaseTransform):
    """Load a random view's features (h, w, D) in place of the image.

    Args:
        folder (str): Of :func:`store_features`.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def transform(self, results: dict) -> dict:
        """Add ``img``, and the shape of the image itself."""
        path = results['img_path']
        file = self.folder / f'{Path(path).stem}.npy'
        views = np.load(file, mmap_mode='r')
        view = views[np.random.randint(len(views))]
        with Image.open(path) as image:
            results['ori_shape'] = image.size[::-1]
        results['img'] = np.array(view)
        results['img_shape'] = view.shape[:2]
        return results


class FeatureLoader:
    """What a loader of features yields, with the data set of the images.

    Args:
        features (DataLoader): Of the features.
        images (DataLoader): Of the same images.
    """

    def __init__(self, features: DataLoader, images: DataLoader) -> None:
        self.features, self.dataset = features, images.dataset

    def __iter__(self):
        return iter(self.features)

    def __len__(self) -> int:
        return len(self.features)


def use_stored_features(cfg: Config, folders: dict[str, str]) -> Config:
    """Let a config train and test on stored features.

    Args:
        cfg (Config): Left as it is.
        folders (dict[str, str]): The split, train or test, to its folder of
            :func:`store_features`.

    Returns:
        Config: Of the same training on features.
    """
    later = Config(cfg.to_dict())
    later.model.backbone.type = 'LaterStagesMobileNetV2'
    for split, folder in folders.items():
        loader = later[f'{split}_dataloader']
        load = dict(type='LoadFrozenFeatures', folder=folder)
        loader.dataset.pipeline = [load, loader.dataset.pipeline[-1]]
        loader.update(num_workers=0, persistent_workers=False)
    later.val_dataloader = later.test_dataloader
    # What is normalised already stays as it is.
    later.data_preprocessor = dict(
        num_classes=cfg.data_preprocessor.num_classes, to_rgb=False
    )
    return later


@torch.no_grad()
def store_features(cfg: Config, split: str, folder: Path, views: int) -> Path:
    """Store views of all images of a split that are not yet there.

    Args:
        cfg (Config): Of the data and the network.
        split (str): train or test.
        folder (Path): For a folder for each source of features: the images,
            the pipeline and the weights.
        views (int): Of each image; they depend on its name alone.

    Returns:
        Path: The folder of this source, with a file (views, h, w, D) of
        float16 for each image.

    Raises:
        ValueError: If the network is no MobileNetV2, or trains all of it.
    """
    backbone = cfg.model.backbone
    if backbone.type != 'MobileNetV2' or backbone.get('frozen_stages', -1) < 1:
        raise ValueError(
            'Features are stored of a MobileNetV2 with frozen stages, got '
            f'{backbone.type} with frozen_stages='
            f'{backbone.get("frozen_stages", -1)}. Use --views 0.'
        )
    if not backbone.get('norm_eval'):
        raise ValueError('Features are stored with norm_eval=True only.')
    init_default_scope('mmpretrain')
    data = cfg[f'{split}_dataloader'].dataset
    dataset = DATASETS.build(data)
    preprocess = MODELS.build(
        dict(type='ClsDataPreprocessor', **cfg.data_preprocessor)
    )
    network = MODELS.build(dict(backbone, type='LaterStagesMobileNetV2'))
    network.init_weights()
    network.eval()
    source = [data.data_root, data.pipeline, cfg.data_preprocessor, views]
    digest = hashlib.sha256(str(source).encode())
    for weight in network.state_dict().values():
        digest.update(weight.numpy().tobytes())
    folder = folder / digest.hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)

    fuse_conv_bn(network)
    # A depthwise convolution on a CPU takes less time this way.
    network.to(memory_format=torch.channels_last)
    for index in track(range(len(dataset)), f'Features of {split}'):
        path = Path(dataset.get_data_info(index)['img_path'])
        file = folder / f'{path.stem}.npy'
        if file.is_file():
            continue
        set_random_seed(crc32(path.stem.encode()))
        images = [dataset[index]['inputs'] for _ in range(views)]
        inputs = preprocess(dict(inputs=images))['inputs']
        inputs = inputs.to(memory_format=torch.channels_last)
        maps = network.forward_frozen(inputs).permute(0, 2, 3, 1)
        part = file.with_suffix('.part.npy')  # should this be interrupted
        np.save(part, maps.half().numpy())
        part.replace(file)
    return folder
