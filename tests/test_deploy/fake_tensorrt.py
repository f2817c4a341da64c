"""As much of TensorRT's Python API as mmsrdl calls, run by ONNX Runtime.

Names and behaviour are those documented for TensorRT 10 and 11. An "engine"
is the ONNX file; tensors are read and written at the addresses given.
"""

import ctypes
import enum
from pathlib import Path

import numpy as np
import onnxruntime

__version__ = '10.15.0'

built = {}
"""What the last engine was built with."""


class NetworkDefinitionCreationFlag(enum.IntEnum):
    EXPLICIT_BATCH = 0
    STRONGLY_TYPED = 1


class MemoryPoolType(enum.Enum):
    WORKSPACE = 0


class TensorIOMode(enum.Enum):
    NONE = 0
    INPUT = 1
    OUTPUT = 2


class Logger:
    WARNING = 2

    def __init__(self, severity):
        pass


class Network:
    onnx_file = None


class OptimizationProfile:
    def __init__(self):
        self.shapes = {}

    def set_shape(self, name, min, opt, max):
        self.shapes[name] = (min, opt, max)


class BuilderConfig:
    def __init__(self):
        self.limits, self.profiles = {}, []

    def set_memory_pool_limit(self, pool, size):
        self.limits[pool] = size

    def add_optimization_profile(self, profile):
        self.profiles.append(profile)
        return len(self.profiles) - 1


class Builder:
    def __init__(self, logger):
        pass

    def create_network(self, flags=0):
        built.clear()
        built['flags'] = flags
        return Network()

    def create_builder_config(self):
        return BuilderConfig()

    def create_optimization_profile(self):
        return OptimizationProfile()

    def build_serialized_network(self, network, config):
        built['workspace'] = config.limits[MemoryPoolType.WORKSPACE]
        built['profiles'] = [profile.shapes for profile in config.profiles]
        content = Path(network.onnx_file).read_bytes()
        has_free_axis = any(
            not isinstance(size, int)
            for size in onnxruntime.InferenceSession(content)
            .get_inputs()[0]
            .shape
        )
        # TensorRT wants a profile for every axis that is not fixed.
        return None if has_free_axis and not config.profiles else content


class OnnxParser:
    def __init__(self, network, logger):
        self.network, self.errors = network, []

    @property
    def num_errors(self):
        return len(self.errors)

    def get_error(self, index):
        return self.errors[index]

    def parse_from_file(self, path):
        try:
            onnxruntime.InferenceSession(path)
        except Exception:
            self.errors.append(f'In node 0 of {path}: UNSUPPORTED_NODE')
            return False
        self.network.onnx_file = path
        return True


class Runtime:
    def __init__(self, logger):
        pass

    def deserialize_cuda_engine(self, content):
        try:
            return CudaEngine(onnxruntime.InferenceSession(content))
        except Exception:
            return None


def nptype(dtype):
    return {'tensor(float)': np.float32, 'tensor(float16)': np.float16}[dtype]


class CudaEngine:
    def __init__(self, session):
        self.session = session
        self.tensors = {
            tensor.name: (mode, tensor)
            for mode, tensors in (
                (TensorIOMode.INPUT, session.get_inputs()),
                (TensorIOMode.OUTPUT, session.get_outputs()),
            )
            for tensor in tensors
        }

    @property
    def num_io_tensors(self):
        return len(self.tensors)

    def get_tensor_name(self, index):
        return list(self.tensors)[index]

    def get_tensor_mode(self, name):
        return self.tensors[name][0]

    def get_tensor_dtype(self, name):
        return self.tensors[name][1].type

    def get_tensor_shape(self, name):
        shape = self.tensors[name][1].shape
        return [size if isinstance(size, int) else -1 for size in shape]

    def get_tensor_profile_shape(self, name, profile_index):
        return built['profiles'][profile_index][name]

    def create_execution_context(self):
        return ExecutionContext(self)


class ExecutionContext:
    def __init__(self, engine):
        self.engine, self.shapes, self.addresses = engine, {}, {}

    def set_input_shape(self, name, shape):
        expected = self.engine.tensors[name][1].shape
        if len(expected) != len(shape) or any(
            isinstance(a, int) and a != b for a, b in zip(expected, shape)
        ):
            return False
        for profile in built['profiles']:
            least, _, most = profile[name]
            if any(not a <= b <= c for a, b, c in zip(least, shape, most)):
                return False
        self.shapes[name] = shape
        return True

    def get_tensor_shape(self, name):
        expected = self.engine.tensors[name][1].shape
        (shape,) = self.shapes.values()
        return [a if isinstance(a, int) else shape[0] for a in expected]

    def set_tensor_address(self, name, address):
        self.addresses[name] = address
        return True

    def execute_async_v3(self, stream_handle):
        ((name, shape),) = self.shapes.items()
        dtype = np.dtype(nptype(self.engine.get_tensor_dtype(name)))
        size = int(np.prod(shape)) * dtype.itemsize
        content = ctypes.string_at(self.addresses[name], size)
        images = np.frombuffer(content, dtype).reshape(shape)
        (result,) = self.engine.session.run(None, {name: images})
        (output,) = set(self.engine.tensors) - {name}
        ctypes.memmove(
            self.addresses[output], result.ctypes.data, result.nbytes
        )
        return True
