"""Deployment: one graph, and what makes, runs and tests it elsewhere."""

from importlib.util import find_spec

from .backend_classifier import (
    BackendClassifier,
    load_backend_model,
    use_backend_model,
)
from .constant_folding import fold_constants
from .deploy_options import DeployOptions
from .deployable_models import load_deployable, load_image
from .exportable_model import (
    FILE_NAME,
    INPUT,
    OUTPUT,
    SUFFIXES,
    ExportableModel,
)
from .half_precision import to_half
from .model_metadata import ModelMetadata, write_metadata
from .onnx_driver import compare_with_pytorch, deploy_onnx
from .onnx_export import export_onnx
from .onnx_precision import quantize
from .onnxruntime_session import OnnxRuntimeSession
from .serving_repository import write_serving_repository
from .tensorrt_engine import TensorRTBuilder
from .tensorrt_operators import check_tensorrt_graph
from .tensorrt_session import TensorRTSession

if find_spec('mmdeploy'):
    from . import mmdeploy_task  # noqa: F401  registers the task

__all__ = [
    'FILE_NAME',
    'INPUT',
    'OUTPUT',
    'SUFFIXES',
    'BackendClassifier',
    'DeployOptions',
    'ExportableModel',
    'ModelMetadata',
    'OnnxRuntimeSession',
    'TensorRTBuilder',
    'TensorRTSession',
    'check_tensorrt_graph',
    'compare_with_pytorch',
    'deploy_onnx',
    'export_onnx',
    'fold_constants',
    'load_backend_model',
    'load_deployable',
    'load_image',
    'quantize',
    'to_half',
    'use_backend_model',
    'write_metadata',
    'write_serving_repository',
]
