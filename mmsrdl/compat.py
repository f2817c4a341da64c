"""What breaks upstream, and how it is mended.

The only file that knows. Each function tests for its problem, does nothing
where there is none, and may be called again.
"""

import ast
import functools
import importlib
import inspect
import os
import pkgutil
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import torch
from packaging.version import Version

RANGES = {
    'mmcv': ('mmcv-lite', '2.0.0', '2.4.0'),
    # 0.10.5 registers Adafactor twice when transformers is installed:
    # https://github.com/open-mmlab/mmengine/pull/1600
    'mmengine': ('mmengine', '0.10.6', '1.0.0'),
    'mmpretrain': ('mmpretrain', '1.2.0', '2.0.0'),
}
"""Module: package, first version that works, first one that is refused."""


def silence_telemetry() -> None:
    """Keep ONNX Runtime from reporting; to be called before it is loaded.

    Symptom: from 1.29 on, a process that loads ONNX Runtime (PyTorch 2.1
    alone does) tells Microsoft of itself and its models, from a thread that
    forks and ends of processes wait for. ``ORT_DISABLE_TELEMETRY=0`` keeps it.
    Link: https://github.com/microsoft/onnxruntime/pull/27379
    """
    os.environ.setdefault('ORT_DISABLE_TELEMETRY', '1')


def check_versions() -> None:
    """Check the OpenMMLab packages that are importable.

    Raises:
        ImportError: If one is missing or outside its range in
            :data:`RANGES`.
    """
    for module, (package, first, end) in RANGES.items():
        advice = (
            f'mmsrdl needs {module}>={first},<{end}. '
            f"Install it by `pip install '{package}>={first},<{end}'`."
        )
        try:
            version = importlib.import_module(module).__version__
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise ImportError(f'{module} is not installed. {advice}') from None
        if not Version(first) <= Version(version) < Version(end):
            raise ImportError(f'{module} {version} is installed. {advice}')


def apply() -> None:
    """Apply every entry; to be called before ``mmpretrain.models``."""
    quiet_mmcv_lite()
    find_installed_packages()
    leave_out_broken_multimodal()
    load_checkpoints_safely()
    infer_several_labels()
    free_batch_of_windows()


def quiet_mmcv_lite() -> None:
    """Do not advise the full MMCV, of which nothing here needs more.

    Symptom: with mmcv-lite, every program begins with a UserWarning of an
    operator that is missing, though no model of MMPretrain's uses it.
    Link: https://github.com/open-mmlab/mmcv, mmcv/cnn/bricks/transformer.py
    """
    warnings.filterwarnings(
        'ignore', 'Fail to import ``MultiScaleDeformableAttention``'
    )


def find_installed_packages() -> None:
    """Find installed packages by the standard library.

    Symptom: ``_base_ = 'mmpretrain::...'`` in a config, and
    ``mmengine.hub``, raise ModuleNotFoundError, as MMEngine asks
    ``pkg_resources``, which setuptools 82 removed; with it they look for an
    editable installation beside its metadata, where it is not.
    Link: https://github.com/open-mmlab/mmcv/issues/3325
    """
    if find_spec('pkg_resources') and not (
        _is_linked('mmpretrain') or _is_linked('mmsrdl')
    ):
        return
    for name in ('utils.package_utils', 'utils', 'config.config', 'hub.hub'):
        module = importlib.import_module(f'mmengine.{name}')
        for function in (is_installed, get_installed_path):
            if hasattr(module, function.__name__):
                setattr(module, function.__name__, function)


def _is_linked(package: str) -> bool:
    """Return whether the installed package is elsewhere (PEP 660)."""
    try:
        distribution = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return False
    return not Path(str(distribution.locate_file(package))).is_dir()


def is_installed(package: str) -> bool:
    """Return whether a package or a module of the name is installed."""
    try:
        get_installed_path(package)
    except (ModuleNotFoundError, RuntimeError):
        return False
    return True


def get_installed_path(package: str) -> str:
    """Return the folder of a package, given its own or its module's name.

    Raises:
        ModuleNotFoundError: If there is no such package.
        RuntimeError: If it is a namespace package, which has many folders.
    """
    modules = [package]
    try:
        distribution = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        pass
    else:
        modules += (distribution.read_text('top_level.txt') or '').split()
    specs = [spec for spec in map(find_spec, modules) if spec is not None]
    if not specs:
        raise ModuleNotFoundError(f'{package} is not installed.')
    if specs[0].origin is None:
        raise RuntimeError(f'{package} is a namespace package.')
    return str(Path(specs[0].origin).parent)


def leave_out_broken_multimodal() -> None:
    """Leave out MMPretrain's multi-modal models if they cannot import.

    Symptom: ``import mmpretrain.models`` raises TypeError or ImportError
    when pycocotools and a recent transformers are installed, which has
    dropped names that MMPretrain's multi-modal models import.
    Link: https://github.com/xinyu1205/recognize-anything/issues/219
    """
    dependency = importlib.import_module('mmpretrain.utils.dependency')
    if not dependency.WITH_MULTIMODAL or 'mmpretrain.models' in sys.modules:
        return
    for module, name in _transformers_imports(Path(dependency.__file__)):
        try:
            found = hasattr(importlib.import_module(module), name)
        except Exception:  # whatever transformers stumbles over
            found = False
        if not found:
            dependency.WITH_MULTIMODAL = False
            return


def _transformers_imports(file: Path) -> Iterator[tuple[str, str]]:
    """Yield what MMPretrain's models import from transformers."""
    models = file.parents[1] / 'models'
    for folder in ('utils', 'multimodal'):
        for source in sorted((models / folder).rglob('*.py')):
            for node in ast.walk(ast.parse(source.read_text('utf-8'))):
                if isinstance(node, ast.ImportFrom) and (
                    node.module or ''
                ).startswith('transformers'):
                    yield from ((node.module, n.name) for n in node.names)


def load_checkpoints_safely() -> None:
    """Give MMEngine's checkpoint loader our loading.

    Symptom: on torch >= 2.6 loading, testing or resuming a Runner's
    checkpoint raises UnpicklingError, as its log histories are not weights;
    before, and for URLs on any torch, a file may run any program.
    Link: https://github.com/open-mmlab/mmengine/issues/1655
    """
    from mmengine.runner import checkpoint

    from .checkpoint import load, load_url

    if isinstance(checkpoint.torch, _Changed):
        return
    # Other arguments choose another unpickler: this one is wanted.
    checkpoint.torch = _Changed(
        torch, load=lambda f, map_location=None, **_: load(f, map_location)
    )
    checkpoint.load_url = load_url


def export_through(export: Callable) -> None:
    """Let MMDeploy, which has to be installed, export to ONNX by a function.

    Symptom: on torch >= 2.9 MMDeploy's ``torch2onnx`` raises
    ModuleNotFoundError, or for a dynamic batch UserError, as
    ``torch.onnx.export`` no longer traces unless told to.
    Link: https://github.com/open-mmlab/mmdeploy/blob/v1.3.1/mmdeploy/apis/onnx/export.py

    Args:
        export (Callable): In place of ``torch.onnx.export``.
    """
    module = importlib.import_module('mmdeploy.apis.onnx.export')
    module.torch = _Changed(torch, onnx=_Changed(torch.onnx, export=export))


def restore_static_methods() -> None:
    """Let MMDeploy, which has to be installed, leave static methods static.

    Symptom: after a conversion by MMDeploy 1.3.1 Swin Transformer raises
    TypeError in the same process, as what was replaced for the time of the
    export comes back as a method.
    Link: https://github.com/open-mmlab/mmdeploy/blob/v1.3.1/mmdeploy/core/rewriters/function_rewriter.py
    """
    module = importlib.import_module(
        'mmdeploy.core.rewriters.function_rewriter'
    )
    upstream = module._set_func
    if hasattr(upstream, '__wrapped__'):
        return
    replaced = {}

    @functools.wraps(upstream)
    def set_func(path: str, function: Callable, *args, **kwargs) -> None:
        parent, _, name = path.rpartition('.')
        owner = pkgutil.resolve_name(parent)
        before = inspect.getattr_static(owner, name, None)
        if isinstance(before, staticmethod):
            replaced[before.__func__] = before
        upstream(path, function, *args, **kwargs)
        if function in replaced:
            setattr(owner, name, replaced[function])

    module._set_func = set_func


class _Changed(types.ModuleType):
    """A module but for some names; all else is looked up when asked for."""

    def __init__(self, module: types.ModuleType, **names):
        super().__init__(module.__name__)
        self.__dict__.update(names, _module=module)

    def __getattr__(self, name: str):
        return getattr(self._module, name)


def infer_several_labels() -> None:
    """Let ``mmpretrain.inference_model`` take multi-label models.

    Symptom: it raises IndexError for MMPretrain's CSRA, as its table of
    tasks lacks "Multi-Label Classification". What was imported from
    MMPretrain by name before stays as it was.
    Link: https://github.com/open-mmlab/mmpretrain, mmpretrain/apis/model.py
    """
    import mmpretrain

    upstream = inspect.unwrap(mmpretrain.apis.model.inference_model)
    is_replaced = upstream is not mmpretrain.apis.model.inference_model
    if is_replaced or 'Multi-Label' in inspect.getsource(upstream):
        return

    @functools.wraps(upstream)
    def inference_model(model, *args, **kwargs):
        from .apis import MultiLabelInferencer
        from .apis.model_sources import is_multi_label

        if not is_multi_label(model):
            return upstream(model, *args, **kwargs)
        names = inspect.signature(MultiLabelInferencer).parameters
        options = {k: kwargs.pop(k) for k in list(kwargs) if k in names}
        return MultiLabelInferencer(model, **options)(*args, **kwargs)[0]

    for module in (mmpretrain, mmpretrain.apis, mmpretrain.apis.model):
        module.inference_model = inference_model


def free_batch_of_windows() -> None:
    """Let Swin's exported graph take any number of images.

    Symptom: exported with a free batch, by either exporter, Swin Transformer
    scores other numbers of images than that of the export wrongly, as the
    number is computed from the windows by ``int``.
    Link: https://github.com/open-mmlab/mmpretrain, models/utils/attention.py
    """
    from mmpretrain.models.utils.attention import ShiftWindowMSA

    if 'int(windows.shape[0]' not in inspect.getsource(
        ShiftWindowMSA.window_reverse
    ):
        return

    def window_reverse(windows, H, W, window_size):
        rows, columns = H // window_size, W // window_size
        x = windows.view(-1, rows, columns, window_size, window_size,
                         windows.shape[-1])  # fmt: skip
        x = x.permute(0, 1, 3, 2, 4, 5).contiguous()
        return x.view(-1, H, W, windows.shape[-1])

    ShiftWindowMSA.window_reverse = staticmethod(window_reverse)
