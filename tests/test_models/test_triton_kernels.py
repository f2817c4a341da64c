"""The kernels become GPU code here, where no GPU is.

What they compute is tested by test_category_attention.py.
"""

import pytest

from mmsrdl.models.layers.category_triton import SIZES, WARPS

triton = pytest.importorskip('triton', minversion='3.0')
tl = triton.language

SCALARS = ('N', 'C', 'P', 'H', 'D', 'blocks')


@pytest.mark.parametrize('name', SIZES)
@pytest.mark.parametrize(
    ('dtype', 'capability'),
    [('fp32', 75), ('fp32', 90), ('bf16', 80), ('fp16', 75), ('fp64', 80)],
)
def test_compiles(name, dtype, capability):
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from mmsrdl.models.layers import triton_kernels

    kernel = getattr(triton_kernels, name)
    precision = tl.float64 if dtype == 'fp64' else tl.float32
    constants = SIZES[name] | dict(precision=precision)
    signature = {
        argument: 'constexpr'
        if argument in constants
        else ('i32' if argument in SCALARS else f'*{dtype}')
        for argument in kernel.arg_names
    }
    if name == 'maxima':
        signature['index'] = '*i32'
    source = ASTSource(kernel, signature, constants)
    target = GPUTarget('cuda', capability, 32)
    options = dict(num_warps=WARPS.get(name, 4))
    compiled = triton.compile(source, target=target, options=options)
    assert len(compiled.asm['cubin']) > 1000
    # No tensor in shared memory that a small GPU lacks.
    assert compiled.metadata.shared <= 48 * 1024
    if name == 'maxima':  # it would wait for memory at each position
        assert 'bar.sync' not in compiled.asm['ptx']
