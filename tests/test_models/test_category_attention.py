import pytest
import torch

from mmsrdl.models.layers import IMPLEMENTATIONS, EvaluationCache

REFERENCE = IMPLEMENTATIONS['reference']
FAST = [name for name in IMPLEMENTATIONS if name != 'reference']


def inputs(dtype, categories=5, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def rand(*shape):
        return torch.randn(*shape, generator=generator, dtype=dtype)

    return dict(
        positions=rand(3, 12, 7),
        guide=rand(categories, 7),
        weight=rand(7),
        feature=rand(3, 12, 9),
        spatial=rand(3, categories, 12).sigmoid(),
        channel=rand(3, categories, 9).sigmoid(),
    )


def run(function, *arguments):
    """Value, and gradients under random weights of the outputs."""
    arguments = [
        x if x is None else x.clone().requires_grad_() for x in arguments
    ]
    value = function(*arguments)
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(value.shape, generator=generator, dtype=value.dtype)
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


@pytest.mark.parametrize('name', IMPLEMENTATIONS)
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
        fast.spatial_logits, (x['positions'], x['guide'], x['weight'])
    )
    assert torch.autograd.gradcheck(
        fast.pool, (x['feature'], x['spatial'], x['channel'])
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
