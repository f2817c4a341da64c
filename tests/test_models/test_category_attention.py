import os
import re
import subprocess
import sys

import pytest
import torch

from mmsrdl.models.layers import (
    IMPLEMENTATIONS,
    EvaluationCache,
    category_loops,
    find_implementation,
)
from mmsrdl.models.layers.category_triton import is_available

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
REFERENCE = IMPLEMENTATIONS['reference']
# On a GPU Triton's kernels are compiled; here they can be interpreted, which
# must be said before the process starts: see the last test.
INTERPRETED = os.environ.get('TRITON_INTERPRET') == '1'
HAS_TRITON = INTERPRETED or is_available(torch.device(DEVICE))
FAST = ['per_category'] + ['triton'] * HAS_TRITON


def inputs(dtype, categories=5, channels=9, hidden=7, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def rand(*shape):
        x = torch.randn(*shape, generator=generator, dtype=dtype)
        return x.to(DEVICE)

    return dict(
        positions=rand(3, 12, hidden),
        guide=rand(categories, hidden),
        weight=rand(hidden),
        feature=rand(3, 12, channels),
        spatial=rand(3, categories, 12).sigmoid(),
        channel=rand(3, categories, channels).sigmoid(),
    )


def run(function, *arguments):
    """Value, and gradients under random weights of the outputs."""
    arguments = [
        x if x is None else x.clone().requires_grad_() for x in arguments
    ]
    value = function(*arguments)
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(value.shape, generator=generator).to(value)
    needed = [x for x in arguments if x is not None]
    return [value, *torch.autograd.grad((value * weight).sum(), needed)]


def assert_close(actual, expected):
    for a, b in zip(actual, expected, strict=True):
        assert (a - b).abs().max() <= 1e-5 * b.abs().max()


@pytest.mark.parametrize('name', FAST)
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_spatial_logits_equal_reference(name, dtype):
    x = inputs(dtype)
    arguments = x['positions'], x['guide'], x['weight']
    expected = run(REFERENCE.spatial_logits, *arguments)
    fast = IMPLEMENTATIONS[name].spatial_logits
    assert_close(run(fast, *arguments), expected)
    with torch.no_grad():
        assert_close([fast(*arguments)], expected[:1])


@pytest.mark.parametrize('name', FAST)
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('without', [None, 'spatial', 'channel'])
def test_pool_equals_reference(name, dtype, without):
    x = inputs(dtype)
    if without:
        x[without] = None
    arguments = x['feature'], x['spatial'], x['channel']
    expected = run(REFERENCE.pool, *arguments)
    fast = IMPLEMENTATIONS[name].pool
    assert_close(run(fast, *arguments), expected)
    with torch.no_grad():
        assert_close([fast(*arguments)], expected[:1])


@pytest.mark.parametrize('name', FAST)
def test_sizes_beyond_one_block_equal_reference(name, monkeypatch):
    """No size is a multiple of a block's; several blocks in each direction."""
    monkeypatch.setattr(category_loops, 'BLOCK', 600)
    x = inputs(torch.float32, categories=11, channels=140, hidden=150)
    for key in ('spatial_logits', 'pool'):
        arguments = list(x.values())
        arguments = arguments[:3] if key == 'spatial_logits' else arguments[3:]
        fast, reference = (
            getattr(IMPLEMENTATIONS[each], key) for each in (name, 'reference')
        )
        assert_close(run(fast, *arguments), run(reference, *arguments))


@pytest.mark.parametrize('name', FAST)
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_half_precision_is_near_reference(name, dtype):
    """As autocast gives them: F and CA in half, SA in single precision."""
    if dtype == torch.float16 and torch.__version__.startswith('2.1.'):
        pytest.skip('PyTorch 2.1 has few operations for it on CPUs.')
    x = inputs(torch.float32)
    half = {k: v.to(dtype).float() for k, v in x.items() if k != 'spatial'}
    half['spatial'] = x['spatial']
    low = {k: v if k == 'spatial' else v.to(dtype) for k, v in half.items()}
    tolerance = 8 * torch.finfo(dtype).eps
    for key, names in (
        ('spatial_logits', ('positions', 'guide', 'weight')),
        ('pool', ('feature', 'spatial', 'channel')),
    ):
        expected = run(getattr(REFERENCE, key), *(half[n] for n in names))
        actual = run(
            getattr(IMPLEMENTATIONS[name], key), *(low[n] for n in names)
        )
        assert [a.dtype for a in actual[1:]] == [low[n].dtype for n in names]
        for a, b in zip(actual, expected, strict=True):
            assert (a.float() - b).abs().max() <= tolerance * b.abs().max()


@pytest.mark.parametrize('name', FAST)
def test_small_products_keep_their_digits(name):
    """A tanh by exp alone would lose them."""
    x = inputs(torch.float32)
    arguments = x['positions'] * 1e-4, x['guide'], x['weight']
    assert_close(
        run(IMPLEMENTATIONS[name].spatial_logits, *arguments),
        run(REFERENCE.spatial_logits, *arguments),
    )


@pytest.mark.parametrize('name', FAST)
def test_half_precision_adds_many_categories(name):
    """Each adds to the gradient what bfloat16 would round away."""
    ones = torch.ones(1, 2, 3, device=DEVICE)
    arguments = ones, ones[0, :1].expand(400, 3), ones[0, 0]
    low = [x.bfloat16() for x in arguments]
    fast = IMPLEMENTATIONS[name].spatial_logits
    for x in (arguments, low):
        x[0].requires_grad_()
        fast(*x).sum().backward()
    torch.testing.assert_close(
        low[0].grad.float(), arguments[0].grad, rtol=0.02, atol=0
    )


@pytest.mark.parametrize('name', FAST)
def test_no_image(name):
    x = inputs(torch.float32)
    for key in ('positions', 'feature', 'spatial', 'channel'):
        x[key] = x[key][:0]
    x = list(x.values())
    implementation = IMPLEMENTATIONS[name]
    logits, *gradients = run(implementation.spatial_logits, *x[:3])
    assert logits.shape == (0, 5, 12)
    assert all((grad == 0).all() for grad in gradients)
    assert run(implementation.pool, *x[3:])[0].shape == (0, 5, 9)


@pytest.mark.skipif(
    not hasattr(torch.library, 'opcheck'), reason='needs torch >= 2.4'
)
@pytest.mark.parametrize('name', FAST)
def test_operators_keep_what_they_promise_to_compilers(name):
    """Shapes, dtypes and strides, of inputs in another order too."""
    x = inputs(torch.float32)
    x['positions'] = x['positions'].mT.contiguous().mT
    x['guide'] = x['guide'].mT.contiguous().mT
    logits = [x['positions'], x['guide'], x['weight']]
    maxima = [x['feature'].half(), x['spatial'], x['channel'].half()]
    prefix = 'triton_' if name == 'triton' else ''
    for operator, arguments in {
        'spatial_logits': logits,
        'spatial_logits_backward': [x['spatial'], *logits],
        'category_maxima': maxima,
        'category_maxima_with_index': maxima,
    }.items():
        torch.library.opcheck(
            getattr(torch.ops.mmsrdl, prefix + operator), tuple(arguments)
        )


@pytest.mark.parametrize('name', FAST)
def test_nan_is_not_lost(name):
    x = inputs(torch.float32)
    x['feature'][1, 4, 2] = float('nan')
    with torch.no_grad():
        pooled = IMPLEMENTATIONS[name].pool(
            x['feature'], x['spatial'], x['channel']
        )
    assert pooled[1, :, 2].isnan().all()
    assert pooled.isnan().sum() == pooled.shape[1]


@pytest.mark.parametrize('name', ['reference', *FAST])
def test_equal_maxima_send_the_gradient_to_the_first(name):
    values = [[0.0, 2.0, 2.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
    feature = torch.tensor([values]).transpose(1, 2).requires_grad_()
    half = torch.full((1, 1, 4), 0.5)
    channel = torch.full((1, 1, 2), 0.5)
    IMPLEMENTATIONS[name].pool(feature, half, channel).sum().backward()
    expected = [[0.0, 0.5, 0.0, 0.0], [0.5, 0.0, 0.0, 0.0]]
    assert feature.grad[0].T.tolist() == expected


@pytest.mark.parametrize('name', FAST)
def test_gradients_are_the_derivatives(name):
    x = {k: v.requires_grad_() for k, v in inputs(torch.float64).items()}
    fast = IMPLEMENTATIONS[name]
    assert torch.autograd.gradcheck(
        fast.spatial_logits,
        (x['positions'], x['guide'], x['weight']),
        fast_mode=True,
    )
    assert torch.autograd.gradcheck(
        fast.pool,
        (x['feature'], x['spatial'], x['channel']),
        fast_mode=True,
    )


class LargestTensor(torch.utils._python_dispatch.TorchDispatchMode):
    """Records the number of elements of the largest tensor ever made."""

    def __init__(self):
        super().__init__()
        self.elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for x in torch.utils._pytree.tree_flatten(out)[0]:
            if isinstance(x, torch.Tensor):
                self.elements = max(self.elements, x.numel())
        return out


@pytest.mark.parametrize('name', FAST)
def test_no_tensor_over_categories_and_positions_and_channels(name):
    """Forward and backward of fast ways; the reference is seen to have it."""
    if name == 'triton' and INTERPRETED:
        pytest.skip("The interpreter's own copies would be counted.")
    largest = {}
    for each in (name, 'reference'):
        x = inputs(torch.float32, categories=40)
        with LargestTensor() as seen:
            run(IMPLEMENTATIONS[each].pool, *list(x.values())[3:])
            run(IMPLEMENTATIONS[each].spatial_logits, *list(x.values())[:3])
        largest[each] = seen.elements
    outputs = 3 * 40 * 12  # (B, C, P), larger than (B, D, P) here
    assert largest[name] <= outputs
    assert largest['reference'] == 3 * 40 * 9 * 12


def test_auto_takes_what_is_there():
    best = IMPLEMENTATIONS['triton' if HAS_TRITON else 'per_category']
    assert find_implementation('auto', torch.device(DEVICE)) is best


@pytest.mark.skipif(HAS_TRITON, reason='Triton runs here')
def test_triton_says_what_it_needs():
    with pytest.raises(RuntimeError, match='CUDA GPU .* Use .auto.'):
        find_implementation('triton', torch.device('cpu'))


@pytest.mark.skipif(HAS_TRITON, reason='Triton is tested directly')
def test_triton_in_its_interpreter():
    """The kernels' logic, on the CPU, by the tests above."""
    pytest.importorskip('triton', minversion='3.0')
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-k', 'triton', __file__],
        env=os.environ | {'TRITON_INTERPRET': '1'},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
    assert int(re.search(r'(\d+) passed', done.stdout)[1]) >= 14


class TestEvaluationCache:
    def setup_method(self):
        self.source = torch.ones(3, requires_grad=True)
        self.calls = 0
        self.cache = EvaluationCache()

    def value(self):
        def double():
            self.calls += 1
            return self.source * 2

        return self.cache(double, self.source)

    def test_computes_once_without_gradients(self):
        with torch.no_grad():
            assert torch.equal(self.value(), self.value())
        assert self.calls == 1

    def test_keeps_gradients(self):
        with torch.no_grad():
            self.value()
        self.value().sum().backward()
        assert self.source.grad.tolist() == [2, 2, 2]

    @pytest.mark.parametrize('through_data', [False, True])
    def test_is_never_stale(self, through_data):
        """An EMA swap writes to ``.data`` and leaves no other trace."""
        with torch.no_grad():
            self.value()
            target = self.source.data if through_data else self.source
            target.copy_(torch.full((3,), 5.0))
            assert self.value().tolist() == [10, 10, 10]

    def test_value_of_inference_mode_serves_outside(self):
        with torch.inference_mode():
            self.value()
        self.value().sum().backward()
        with torch.no_grad():
            assert self.value().tolist() == [2, 2, 2]
