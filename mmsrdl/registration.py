"""Making MMPretrain and MMEngine know the package's models and configs."""

import sys
from functools import cache
from pathlib import Path

from mmengine.config.utils import MODULE2PACKAGE


def register_all_modules(init_default_scope: bool = True) -> None:
    """Register the modules of MMPretrain and of this package.

    For notebooks and scripts that build from configs without a Runner.
    Those of this package are registered by ``import mmsrdl`` already.

    Args:
        init_default_scope: Whether to make ``mmpretrain`` the default scope,
            so that ``MODELS.build(cfg)`` of MMEngine finds all names.
            Defaults to True.
    """
    from mmpretrain.utils import register_all_modules as register

    register(init_default_scope)


@cache
def register_configs() -> None:
    """Make the configs known by name.

    ``mmpretrain.get_model('srdl_r101_coco')`` and ``list_models('srdl*')``
    work then, and a config may inherit from ``mmsrdl::srdl/...`` where the
    package is installed. In a checkout so are the models of ``projects``,
    whose configs name a package there in their ``custom_imports``.
    """
    from mmpretrain.apis import ModelHub

    folder = find_asset_folder()
    ModelHub.register_model_index(folder / 'model-index.yml', folder)
    MODULE2PACKAGE['mmsrdl'] = 'mmsrdl'
    projects = sorted(folder.glob('projects/*/metafile.yml'))
    for metafile in projects:
        ModelHub.register_model_index(metafile, folder)
    if projects and str(folder) not in sys.path:
        sys.path.append(str(folder))  # last, so that it hides nothing


def find_asset_folder() -> Path:
    """Return the folder of ``configs``, ``tools`` and ``model-index.yml``.

    It is ``mmsrdl/.mim`` in an installation, the folder above the package
    in a checkout.

    Raises:
        FileNotFoundError: If the installation has lost them.
    """
    package = Path(__file__).resolve().parent
    for folder in (package.parent, package / '.mim'):
        if (folder / 'model-index.yml').is_file() and (
            folder / 'configs/srdl'
        ).is_dir():
            return folder
    raise FileNotFoundError(
        f'Found no model-index.yml and configs in {package}/.mim or in '
        f'{package.parent}. Install the package again.'
    )
