import numpy as np
import pytest
import torch

SCORES = {
    'continuous': lambda rng, shape: rng.random(shape),
    'tied': lambda rng, shape: rng.integers(0, 4, shape) / 4,
    'saturated': lambda rng, shape: rng.choice([0, 1, 0.9999], shape),
    'constant': lambda rng, shape: np.full(shape, 0.5),
}


@pytest.fixture(params=[(s, seed) for s in SCORES for seed in range(12)])
def case(request):
    """Scores and targets with every awkward class in random places."""
    style, seed = request.param
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 40), rng.integers(4, 9)
    scores = SCORES[style](rng, shape)
    targets = rng.choice([0, 0, 0, 1, 1, -1], shape)
    no_positive, unknown, full, never_predicted = rng.permutation(shape[1])[:4]
    targets[:, no_positive] = np.minimum(targets[:, no_positive], 0)
    targets[:, unknown] = -1
    targets[:, full] = 1
    scores[:, never_predicted] *= 0.4
    # Scores are float32 from here on, so that nothing rounds them later.
    return torch.tensor(scores).float(), torch.tensor(targets)
