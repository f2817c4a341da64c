"""SALGL's memory of scenes, its entropies, and the head around them."""

import io
import math

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from ranks import run_ranks
from torch._subclasses.fake_tensor import FakeTensorMode

from projects.salgl.salgl.scene_entropy import (
    batch_entropy_gap,
    image_entropy,
)
from projects.salgl.salgl.scene_memory import SceneMemory

B, C, D, E, S = 8, 5, 16, 6, 3


def draw_batch(seed=0, known=0.7):
    """Targets in {0, 1, -1}, and probabilities of the scenes."""
    torch.manual_seed(seed)
    target = (torch.rand(B, C) < 0.5).float()
    target[torch.rand(B, C) > known] = -1
    return target, torch.randn(B, S).softmax(1)


def build_head(**kwargs):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='SALGLHead',
            num_classes=C,
            in_channels=D,
            embed_dims=E,
            num_scenes=S,
            hidden_channels=8,
            num_heads=2,
            feedforward_channels=16,
            **kwargs,
        )
    )


def draw_feats(seed=0):
    torch.manual_seed(seed)
    return torch.randn(B, D, 3, 4), torch.randn(C, E)


def as_samples(target):
    return [DataSample().set_gt_score(row) for row in target]


def count_by_hand(target, scenes):
    """Images that show i and j, over those that show i and tell of j."""
    together, known = torch.zeros(2, S, C, C)
    for b in range(B):
        for s in range(S):
            for i in range(C):
                for j in range(C):
                    if target[b, i] == 1 and target[b, j] != -1:
                        known[s, i, j] += scenes[b, s]
                        together[s, i, j] += scenes[b, s] * target[b, j]
    return together, known


@pytest.mark.parametrize('hard', [True, False])
def test_counts_of_several_batches(hard):
    memory = SceneMemory(S, C, normalize=False)
    expected = 0
    for seed in range(3):
        target, scenes = draw_batch(seed)
        if hard:
            scenes = torch.eye(S)[scenes.argmax(1)]
        memory.update(target, scenes)
        expected += torch.stack(count_by_hand(target, scenes))
    torch.testing.assert_close(memory.together, expected[0])
    torch.testing.assert_close(memory.known, expected[1])
    edges = torch.where(expected[1] > 0, expected[0] / expected[1], 0)
    torch.testing.assert_close(memory.adjacency(), edges)


def test_edges_are_conditional_probabilities():
    memory = SceneMemory(1, 3, normalize=False)
    target = torch.tensor([[1.0, 1, 0], [1, 0, 0]])
    memory.update(target, torch.ones(2, 1))
    expected = torch.tensor([[1, 0.5, 0], [1, 1, 0], [0, 0, 0]])
    torch.testing.assert_close(memory.adjacency()[0], expected)
    memory.normalize = True
    expected = torch.tensor([[2 / 3, 1 / 3, 0], [0.5, 0.5, 0], [0, 0, 0]])
    torch.testing.assert_close(memory.adjacency()[0], expected)
    memory.ignore_self = True
    expected = torch.tensor([[0.0, 1, 0], [1, 0, 0], [0, 0, 0]])
    torch.testing.assert_close(memory.adjacency()[0], expected)


def test_unknown_labels_do_not_count():
    """Neither for nor against an edge."""
    scene = torch.ones(4, 1)
    shown = torch.tensor([[1.0, 1], [1, 0], [1, 1], [1, 1]])
    memory = SceneMemory(1, 2, normalize=False)
    memory.update(shown, scene)
    before = memory.adjacency()
    assert before[0, 0, 1] == 0.75
    memory.update(torch.tensor([[1.0, -1]] * 4), scene)
    assert torch.equal(memory.adjacency(), before)
    memory.update(torch.full((4, 2), -1.0), scene)
    assert torch.equal(memory.adjacency(), before)


def test_image_has_the_edges_of_its_scene():
    memory = SceneMemory(S, C)
    target, _ = draw_batch()
    shares = torch.eye(S)[torch.arange(B) % S]
    memory.update(target, shares)
    edges = memory.adjacency()
    assert not torch.equal(edges[0], edges[1])
    assert torch.equal(memory(torch.eye(S)), edges)
    mixed = memory(torch.tensor([[0.5, 0.5, 0.0]]))[0]
    torch.testing.assert_close(mixed, (edges[0] + edges[1]) / 2)


def test_counting_does_not_wait_for_values():
    """As it would on a GPU if one of them were read."""
    with FakeTensorMode():
        memory = SceneMemory(S, C)
        memory.update(torch.ones(B, C), torch.ones(B, S))
        memory(torch.ones(B, S))


def test_counts_are_exact_under_autocast():
    target = torch.ones(300, 2)
    memory = SceneMemory(1, 2)
    with torch.autocast('cpu', torch.bfloat16):
        memory.update(target[:299], torch.ones(299, 1))
    assert (memory.together == 299).all()


def _run_rank(rank, folder):
    target, scenes = draw_batch()
    own = slice(0, 3) if rank == 0 else slice(3, None)
    memory = SceneMemory(S, C)
    memory.update(target[own], scenes[own])
    # Ranks of equal batches, as samplers make them, for the gradient.
    logits = scenes[rank::2].log().requires_grad_()
    gap = batch_entropy_gap(logits.softmax(1))
    gap.backward()
    return dict(
        together=memory.together,
        known=memory.known,
        gap=gap.detach(),
        grad=logits.grad,
    )


def test_ranks_count_together(tmp_path):
    """Two processes come to what one does with the batches of both."""
    ranks = run_ranks(_run_rank, tmp_path)
    target, scenes = draw_batch()
    memory = SceneMemory(S, C)
    memory.update(target, scenes)
    logits = scenes.log().requires_grad_()
    gap = batch_entropy_gap(logits.softmax(1))
    gap.backward()
    for i, rank in enumerate(ranks):
        torch.testing.assert_close(rank['together'], memory.together)
        torch.testing.assert_close(rank['known'], memory.known)
        torch.testing.assert_close(rank['gap'], gap.detach())
        # DistributedDataParallel averages: each is twice its share.
        torch.testing.assert_close(rank['grad'] / 2, logits.grad[i::2])


def test_entropies():
    sure, unsure = torch.eye(S), torch.full((4, S), 1 / S)
    same = sure[:1].expand(4, -1)
    assert image_entropy(sure) == 0
    assert image_entropy(unsure).item() == pytest.approx(math.log(S))
    for scenes in (sure, unsure):
        assert batch_entropy_gap(scenes).item() == pytest.approx(0, abs=1e-6)
    assert batch_entropy_gap(same).item() == pytest.approx(math.log(S))


def test_training_alone_fills_the_memory():
    head, feats = build_head(), draw_feats()
    target, _ = draw_batch()
    samples = as_samples(target)
    head.eval().loss(feats, samples)
    head.train()(feats)
    assert not head.memory.known.any()
    losses = head.loss(feats, samples)
    assert set(losses) == {'loss', 'loss_image_entropy', 'loss_batch_entropy'}
    total = (target == 1).float().T @ (target != -1).float()
    torch.testing.assert_close(head.memory.known.sum(0), total)


def test_memory_is_in_checkpoints():
    head, feats, file = build_head(), draw_feats(), io.BytesIO()
    empty = head.eval()(feats)
    head.train().loss(feats, as_samples(draw_batch()[0]))
    torch.save(head.state_dict(), file)
    file.seek(0)
    other = build_head()
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other.memory.together, head.memory.together)
    scores = other.eval()(feats)
    assert torch.equal(scores, head.eval()(feats))
    assert (scores - empty).abs().max() > 1e-4  # the graph reads it


@pytest.mark.parametrize('assignment', ['hard', 'soft'])
def test_scenes_choose_the_graph(assignment):
    head, feats = build_head(assignment=assignment).eval(), draw_feats()
    torch.nn.init.normal_(head.scene.weight)
    head.memory.update(draw_batch()[0], torch.eye(S)[torch.arange(B) % S])
    found = head.attend(feats)
    assert found.scenes.argmax(1).unique().numel() > 1
    edges = head.memory.adjacency()
    if assignment == 'hard':
        edges = edges[found.scenes.argmax(1)]
    else:
        edges = torch.einsum('bs,sij->bij', found.scenes, edges)
    nodes, _ = head.decoupling(head._encode(feats[0]), feats[1])
    torch.testing.assert_close(found.features, head.graph(nodes, edges))
    logits = torch.stack(
        [
            found.features[:, c] @ head.classifier.weight[c]
            + head.classifier.bias[c]
            for c in range(C)
        ],
        1,
    )
    torch.testing.assert_close(found.logits, logits)
    torch.testing.assert_close(head(feats), found.logits)
    assert torch.equal(head.pre_logits(feats), found.features)
    assert found.spatial.shape == (B, C, 3, 4)
    torch.testing.assert_close(found.spatial.sum((2, 3)), torch.ones(B, C))


def test_missing_or_wrong_neck_is_told():
    head, (feature, labels) = build_head(), draw_feats()
    for feats in ((feature,), (feature, labels[:, 1:])):
        with pytest.raises(ValueError, match='as a LabelGraphNeck gives'):
            head(feats)


def test_unknown_labels_do_not_train():
    head = build_head(image_entropy_weight=0, batch_entropy_weight=0)
    losses = head.loss(draw_feats(), as_samples(torch.full((B, C), -1.0)))
    assert sum(losses.values()) == 0
    assert not head.memory.known.any()


@pytest.mark.parametrize('options', [{'assignment': 'both'}, {}])
def test_wrong_options(options):
    with pytest.raises(ValueError, match="'hard' or 'soft' and num_scenes"):
        MODELS.build(
            dict(
                type='SALGLHead',
                num_classes=C,
                in_channels=D,
                num_scenes=1 if options else 0,
                **options,
            )
        )
