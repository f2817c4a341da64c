"""Multi-label image recognition for MMPretrain."""

from . import compat

compat.silence_telemetry()
compat.check_versions()
compat.apply()

from . import (  # noqa: E402
    apis,
    datasets,
    engine,
    evaluation,
    models,
    structures,
    visualization,
)
from .registration import (  # noqa: E402
    register_all_modules,
    register_configs,
)
from .version import __version__  # noqa: E402

register_configs()

__all__ = [
    '__version__',
    'apis',
    'datasets',
    'engine',
    'evaluation',
    'models',
    'register_all_modules',
    'structures',
    'visualization',
]
