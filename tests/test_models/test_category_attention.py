import math
import os
import re
import subprocess
import sys
import textwrap
import threading

import pytest
import torch

from mmsrdl.models.layers import (
    IMPLEMENTATIONS,
    EvaluationCache,
    category_loops,
    find_implementation,
)
from mmsrdl.models.layers.category_attention import FUSED

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
REFERENCE = IMPLEMENTATIONS['reference']
# On a GPU Triton's kernels are compiled; here they can be interpreted, which
# must be said before the process starts: see the last test.
INTERPRETED = os.environ.get('TRITON_INTERPRET') == '1'
# Numba is for CPUs, and tested on them wherever the others run.
DEVICES = {'numba': 'cpu'}
FUSED_HERE = [
    name
    for name, module in FUSED.items()
    if module.is_available(torch.device(DEVICES.get(name, DEVICE)))
]
FAST = ['per_category', *FUSED_HERE]


def inputs(name, dtype, categories=5, channels=9, hidden=7, seed=0):
    device = DEVICES.get(name, DEVICE)
    generator = torch.Generator().manual_seed(seed)

    def rand(*shape):
        x = torch.randn(*shape, generator=generator, dtype=dtype)
        return x.to(device)

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
    x = inputs(name, dtype)
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
    x = inputs(name, dtype)
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
    x = inputs(name, torch.float32, categories=11, channels=140, hidden=150)
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
    x = inputs(name, torch.float32)
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
    x = inputs(name, torch.float32)
    arguments = x['positions'] * 1e-4, x['guide'], x['weight']
    assert_close(
        run(IMPLEMENTATIONS[name].spatial_logits, *arguments),
        run(REFERENCE.spatial_logits, *arguments),
    )


@pytest.mark.parametrize('name', FAST)
def test_half_precision_adds_many_categories(name):
    """Each adds to the gradient what bfloat16 would round away."""
    ones = torch.ones(1, 2, 3, device=DEVICES.get(name, DEVICE))
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
    x = inputs(name, torch.float32)
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
    x = inputs(name, torch.float32)
    x['positions'] = x['positions'].mT.contiguous().mT
    x['guide'] = x['guide'].mT.contiguous().mT
    logits = [x['positions'], x['guide'], x['weight']]
    maxima = [x['feature'].half(), x['spatial'], x['channel'].half()]
    prefix = '' if name == 'per_category' else f'{name}_'
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
    x = inputs(name, torch.float32)
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
    device = DEVICES.get(name, DEVICE)
    feature = torch.tensor([values], device=device).mT.requires_grad_()
    half = torch.full((1, 1, 4), 0.5, device=device)
    channel = torch.full((1, 1, 2), 0.5, device=device)
    IMPLEMENTATIONS[name].pool(feature, half, channel).sum().backward()
    expected = [[0.0, 0.5, 0.0, 0.0], [0.5, 0.0, 0.0, 0.0]]
    assert feature.grad[0].T.tolist() == expected


@pytest.mark.parametrize('name', FAST)
def test_gradients_are_the_derivatives(name):
    x = {k: v.requires_grad_() for k, v in inputs(name, torch.float64).items()}
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
        x = inputs(name, torch.float32, categories=40)
        with LargestTensor() as seen:
            run(IMPLEMENTATIONS[each].pool, *list(x.values())[3:])
            run(IMPLEMENTATIONS[each].spatial_logits, *list(x.values())[:3])
        largest[each] = seen.elements
    outputs = 3 * 40 * 12  # (B, C, P), larger than (B, D, P) here
    assert largest[name] <= outputs
    assert largest['reference'] == 3 * 40 * 9 * 12


def test_auto_takes_what_is_there():
    best = 'triton' if DEVICE == 'cuda' or INTERPRETED else 'numba'
    found = find_implementation('auto', torch.device(DEVICE))
    assert found is IMPLEMENTATIONS[best]


def test_auto_does_without_numba(monkeypatch):
    for module in FUSED.values():
        monkeypatch.setattr(module, 'is_available', lambda device: False)
    found = find_implementation('auto', torch.device('cpu'))
    assert found is IMPLEMENTATIONS['per_category']


@pytest.mark.skipif('triton' in FUSED_HERE, reason='Triton runs here')
def test_triton_says_what_it_needs():
    with pytest.raises(RuntimeError, match='CUDA GPU .* Use .auto.'):
        find_implementation('triton', torch.device('cpu'))


def test_numba_says_what_it_needs():
    with pytest.raises(RuntimeError, match='a CPU, the package numba'):
        find_implementation('numba', torch.device('meta'))


def test_numba_is_tested_everywhere():
    """Both profiles install it: what is above has not been skipped."""
    assert 'numba' in FUSED_HERE


@pytest.mark.parametrize('name', FAST)
def test_shapes_that_do_not_fit(name):
    """Kernels would read beyond their tensors."""
    x = inputs(name, torch.float32)
    fast = IMPLEMENTATIONS[name]
    with pytest.raises(ValueError, match='BPH, CH, H .*7.*6'):
        fast.spatial_logits(x['positions'], x['guide'][:, :6], x['weight'])
    for key, part in (('spatial', x['spatial'][:1]), ('channel', None)):
        wrong = x | {key: x['spatial'] if part is None else part}
        with pytest.raises(ValueError, match='BPD, BCP, BCD'):
            fast.pool(wrong['feature'], wrong['spatial'], wrong['channel'])
    with pytest.raises(ValueError, match='one position or more'):
        fast.spatial_logits(x['positions'][:, :0], x['guide'], x['weight'])


def in_a_process(code, **environment):
    """Run code that changes what a process can't take back."""
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', textwrap.dedent(code)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_numba_takes_the_threads_of_pytorch():
    """Two here; its start must not change their number, nor they results."""
    in_a_process("""
        import numba, torch
        from mmsrdl.models.layers import IMPLEMENTATIONS
        torch.set_num_threads(2)
        torch.manual_seed(0)
        x = [
            x.requires_grad_() for x in
            (torch.randn(2, 7, 140), torch.randn(70, 140), torch.randn(140))
        ]
        y = [
            torch.rand(2, 7, 1030), torch.rand(2, 3, 7), torch.rand(2, 3, 1030)
        ]
        results = {}
        for name in ('reference', 'numba'):
            each = IMPLEMENTATIONS[name]
            value = each.spatial_logits(*x)
            gradients = torch.autograd.grad(value.square().sum(), x)
            results[name] = value, *gradients, each.pool(*y)
            assert torch.get_num_threads() == 2
        most = numba.config.NUMBA_NUM_THREADS
        assert numba.get_num_threads() == min(2, most)
        for a, b in zip(*results.values()):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-4)
    """)


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='needs os.fork')
def test_a_fork_does_without_numba():
    """Numba would end the process, which has not its threads."""
    out = in_a_process("""
        import os, torch
        from mmsrdl.models.layers import IMPLEMENTATIONS, find_implementation
        x = torch.ones(1, 2, 3), torch.ones(2, 3), torch.ones(3)
        cpu = torch.device('cpu')
        find_implementation('numba', cpu).spatial_logits(*x)
        child = os.fork()
        if not child:
            torch.set_num_threads(1)
            auto = find_implementation('auto', cpu)
            assert auto is IMPLEMENTATIONS['per_category']
            auto.spatial_logits(*x)
            try:
                find_implementation('numba', cpu)
            except RuntimeError as error:
                print(error, flush=True)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        find_implementation('numba', cpu).spatial_logits(*x)
    """)
    assert 'not forked from one that had used it' in out


def test_auto_does_without_a_broken_numba(tmp_path):
    """As when NumPy is newer than it knows."""
    (tmp_path / 'numba').mkdir()
    (tmp_path / 'numba/__init__.py').write_text(
        "raise ImportError('Numba needs NumPy 2.2 or less')"
    )
    in_a_process(
        """
        import warnings
        import torch
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter('always')
            from mmsrdl.models.layers import IMPLEMENTATIONS
            from mmsrdl.models.layers import find_implementation
        assert any('Numba needs NumPy 2.2' in str(w.message) for w in seen)
        found = find_implementation('auto', torch.device('cpu'))
        assert found is IMPLEMENTATIONS['per_category']
        """,
        PYTHONPATH=f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}',
    )


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_tanh_of_numba_keeps_its_digits(dtype):
    """From the smallest numbers to where it is flat, and at its limits."""
    limits = [0.0, math.inf, -math.inf, math.nan, -9.5, 1e-30]
    x = torch.cat(
        [torch.linspace(-12, 12, 9973), torch.logspace(-30, 0, 99),
         torch.tensor(limits)]
    ).to(dtype)  # fmt: skip
    one = torch.ones(1, dtype=dtype)
    with torch.no_grad():
        actual = IMPLEMENTATIONS['numba'].spatial_logits(
            x[None, :, None], one[None], one
        )[0, 0]
    expected = x.double().tanh()
    digits = 3e-7 if dtype == torch.float32 else 1e-15
    torch.testing.assert_close(
        actual.double(), expected, rtol=digits, atol=0, equal_nan=True
    )


@pytest.mark.skipif('triton' in FUSED_HERE, reason='Triton runs here')
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

    def test_serves_several_threads(self):
        errors = []

        def read():
            try:
                with torch.no_grad():
                    for _ in range(300):
                        assert len(set(self.value().tolist())) == 1
            except Exception as error:
                errors.append(error)

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            threads = [threading.Thread(target=read) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(interval)
        assert not errors

    def test_value_of_inference_mode_serves_outside(self):
        with torch.inference_mode():
            self.value()
        self.value().sum().backward()
        with torch.no_grad():
            assert self.value().tolist() == [2, 2, 2]
