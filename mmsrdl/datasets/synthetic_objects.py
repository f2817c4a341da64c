"""The objects of the synthetic scenes, drawn as polygons."""

from collections.abc import Callable

import numpy as np

from .synthetic_painter import ObjectPainter

# Colours overlap between classes on purpose: shape has to tell them apart.
WARM = ((250, 200, 60), (245, 140, 50), (235, 85, 70), (240, 130, 150))
COOL = ((70, 140, 220), (60, 180, 190), (130, 110, 210), (180, 205, 235))
LEAFY = ((70, 150, 70), (130, 180, 60), (40, 125, 105), (205, 150, 60))
PALE = ((245, 240, 225), (225, 225, 235), (250, 225, 190), (205, 220, 225))
DARK = (60, 50, 70)
WOOD = (130, 90, 60)


def ring(radius: float, count: int, phase: float = 0.0) -> np.ndarray:
    """Return ``count`` points (count, 2) spread evenly on a circle."""
    angles = phase + np.arange(count) * (2 * np.pi / count)
    return radius * np.stack([np.cos(angles), np.sin(angles)], 1)


def disc(x: float, y: float, rx: float, ry: float | None = None) -> np.ndarray:
    """Return the outline (32, 2) of an ellipse around (x, y)."""
    return ring(1.0, 32) * (rx, rx if ry is None else ry) + (x, y)


def rect(x1: float, y1: float, x2: float, y2: float) -> list:
    """Return the four corners of a rectangle."""
    return [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]


def _sun(p: ObjectPainter) -> None:
    color, count = p.pick(*WARM[:3]), int(p.rng.integers(8, 13))
    for start in np.arange(count) * (2 * np.pi / count):
        ray = ring(1.0, 1, start), ring(0.6, 1, start - 0.17)
        p.fill(np.concatenate([*ray, ring(0.6, 1, start + 0.17)]), color)
    p.fill(disc(0, 0, 0.54), color, patterned=True)


def _cloud(p: ObjectPainter) -> None:
    color = p.pick(*PALE, COOL[3])
    lobes = ((-0.55, 0.12, 0.38), (-0.1, -0.15, 0.47), (0.5, 0.05, 0.42))
    for x, y, radius in lobes:
        p.fill(disc(x, y, radius * p.rng.uniform(0.85, 1.1)), color, True)
    p.fill(rect(-0.6, 0.1, 0.6, 0.46), color, patterned=True)


def _tree(p: ObjectPainter) -> None:
    color = p.pick(*LEAFY)
    p.fill(rect(-0.12, 0.1, 0.12, 0.98), WOOD)
    if p.rng.random() < 0.5:
        for y, width in ((0.5, 0.68), (0.05, 0.55), (-0.4, 0.4)):
            roof = [(-width, y), (width, y), (0, y - 0.58)]
            p.fill(roof, color, patterned=True)
    else:
        for x, y in ((-0.32, -0.05), (0.32, -0.05), (0, -0.48)):
            p.fill(disc(x, y, 0.44), color, patterned=True)


def _house(p: ObjectPainter) -> None:
    wall, roof = p.pick(*PALE, WARM[0]), p.pick(*WARM[1:], WOOD)
    p.fill(rect(0.28, -0.85, 0.45, -0.3), DARK)
    p.fill(rect(-0.62, -0.15, 0.62, 0.76), wall)
    p.fill([(-0.82, -0.1), (0.82, -0.1), (0, -0.8)], roof, patterned=True)
    p.fill(rect(-0.14, 0.26, 0.16, 0.76), p.pick(WOOD, COOL[0]))
    for x in (-0.48, 0.28):
        p.fill(rect(x, 0.08, x + 0.2, 0.32), p.pick(COOL[3], WARM[0]))


def _boat(p: ObjectPainter) -> None:
    hull = [(-0.85, 0.42), (0.85, 0.42), (0.52, 0.82), (-0.52, 0.82)]
    p.fill(hull, p.pick(*WARM[1:], WOOD, COOL[0]))
    p.fill(rect(-0.05, -0.92, 0.04, 0.42), DARK)
    sail = p.pick(*PALE, *WARM)
    p.fill([(0.1, -0.86), (0.1, 0.3), (0.78, 0.3)], sail, patterned=True)
    p.fill([(-0.11, -0.62), (-0.11, 0.3), (-0.6, 0.3)], sail)


def _car(p: ObjectPainter) -> None:
    color = p.pick(*WARM, *COOL)
    cabin = [(-0.52, 0.06), (-0.32, -0.4), (0.3, -0.4), (0.56, 0.06)]
    p.fill(cabin, color)
    p.fill([(-0.38, 0.02), (-0.25, -0.3), (0, -0.3), (0, 0.02)], PALE[3])
    p.fill([(0.08, 0.02), (0.08, -0.3), (0.24, -0.3), (0.4, 0.02)], PALE[3])
    p.fill(rect(-0.94, 0.02, 0.94, 0.34), color, patterned=True)
    for x in (-0.52, 0.52):
        p.fill(disc(x, 0.36, 0.23), DARK)
        p.fill(disc(x, 0.36, 0.1), PALE[1])


def _fish(p: ObjectPainter) -> None:
    color, fin = p.pick(*WARM[1:], *COOL[:2]), p.pick(*WARM[:3])
    p.fill([(0.3, 0), (0.85, -0.5), (0.72, 0), (0.85, 0.5)], fin)
    p.fill([(-0.3, -0.35), (0.25, -0.78), (0.35, -0.2)], fin)
    p.fill(disc(-0.18, 0, 0.74, 0.5), color, patterned=True)
    p.fill(disc(-0.52, -0.1, 0.17), PALE[0])
    p.fill(disc(-0.55, -0.1, 0.09), DARK)


def _star(p: ObjectPainter) -> None:
    outer, inner = ring(0.98, 5, -np.pi / 2), ring(0.5, 5, -0.3 * np.pi)
    corners = np.stack([outer, inner], 1).reshape(-1, 2)
    p.fill(corners, p.pick(*WARM[:2], PALE[0], COOL[1]), patterned=True)
    for x in (-0.16, 0.16):
        p.fill(disc(x, -0.14, 0.09, 0.13), DARK)
    smile = np.maximum(disc(0, 0.1, 0.2, 0.16), (-1, 0.1))
    p.fill(smile, DARK)


def _flower(p: ObjectPainter) -> None:
    color = p.pick(*WARM[1:], COOL[2])
    p.fill(rect(-0.06, 0, 0.07, 0.98), LEAFY[0])
    p.fill(disc(0.3, 0.68, 0.27, 0.13), LEAFY[1])
    for x, y in ring(0.42, int(p.rng.integers(5, 8))):
        p.fill(disc(x, y - 0.25, 0.29), color, patterned=True)
    p.fill(disc(0, -0.25, 0.24), p.pick(WARM[0], WOOD))


def _mushroom(p: ObjectPainter) -> None:
    stem = [(-0.2, -0.05), (0.2, -0.05), (0.3, 0.85), (-0.3, 0.85)]
    p.fill(stem, p.pick(*PALE))
    cap = disc(0, 0, 0.85, 0.8)
    cap = np.minimum(cap, (1, 0.12))
    p.fill(cap, p.pick(*WARM[2:], WOOD), patterned=True)
    for x, y in ((-0.4, -0.22), (0.02, -0.5), (0.4, -0.18)):
        p.fill(disc(x, y, 0.12), PALE[0])


def _moon(p: ObjectPainter) -> None:
    angles = np.linspace(0.26 * np.pi, 1.74 * np.pi, 28)
    outer = 0.92 * np.stack([np.cos(angles), np.sin(angles)], 1)
    tip, bend = outer[0], np.linspace(np.pi / 2, -np.pi / 2, 20)
    inner = np.stack([-0.66 * np.cos(bend), tip[1] * np.sin(bend)], 1)
    inner[:, 0] += tip[0]
    color = p.pick(*PALE, WARM[0])
    p.fill(np.concatenate([outer, inner[::-1]]), color, patterned=True)


def _rocket(p: ObjectPainter) -> None:
    fins = p.pick(*WARM[1:], COOL[0])
    p.fill([(-0.16, 0.5), (0.16, 0.5), (0, 0.98)], p.pick(*WARM[:2]))
    p.fill([(-0.24, 0.05), (-0.66, 0.66), (-0.15, 0.5)], fins)
    p.fill([(0.24, 0.05), (0.66, 0.66), (0.15, 0.5)], fins)
    side = [(0.27, -0.5), (0.34, -0.1), (0.3, 0.3), (0.2, 0.55)]
    body = [(0, -0.96), *side, *[(-x, y) for x, y in side[::-1]]]
    p.fill(body, p.pick(*PALE[1:], *COOL[1:]), patterned=True)
    p.fill(disc(0, -0.28, 0.18), DARK)
    p.fill(disc(0, -0.28, 0.12), COOL[3])


def _balloon(p: ObjectPainter) -> None:
    color = p.pick(*WARM, *COOL[:3])
    for x in (-0.2, 0.17):
        p.fill(rect(x, 0.2, x + 0.04, 0.72), DARK)
    p.fill([(-0.5, 0.05), (0.5, 0.05), (0.16, 0.48), (-0.16, 0.48)], color)
    p.fill(disc(0, -0.3, 0.65, 0.62), color, patterned=True)
    p.fill(rect(-0.22, 0.66, 0.22, 0.94), WOOD)


def _butterfly(p: ObjectPainter) -> None:
    color, lower = p.pick(*WARM, *COOL), p.pick(*WARM, COOL[2])
    for sign in (-1, 1):
        wing = np.array([(0.05, -0.05), (0.35, -0.75), (0.8, -0.58)])
        wing = np.concatenate([wing, [(0.88, -0.2), (0.4, 0.12)]])
        p.fill(wing * (sign, 1), color, patterned=True)
        p.fill(disc(sign * 0.38, 0.4, 0.34, 0.32), lower, patterned=True)
    p.fill(disc(0, 0, 0.09, 0.6), DARK)


def _planet(p: ObjectPainter) -> None:
    color, band = p.pick(*WARM[1:], *COOL[:3]), p.pick(*PALE[:3], WARM[0])
    outer, inner = disc(0, 0, 0.98, 0.34), disc(0, 0, 0.7, 0.16)
    p.fill(outer, band)
    p.fill(inner, DARK)
    p.fill(disc(0, 0, 0.58), color, patterned=True)
    p.fill(np.concatenate([outer[:17], inner[16::-1]]), band)


def _umbrella(p: ObjectPainter) -> None:
    p.fill(rect(-0.04, -0.9, 0.05, 0.8), DARK)
    p.fill(rect(-0.26, 0.74, 0.05, 0.86), DARK)
    dome = disc(0, 0.1, 0.92, 0.86)[16:]
    x = np.linspace(0.92, -0.92, 25)
    hem = 0.1 - 0.16 * np.abs(np.sin(x / 0.92 * 1.5 * np.pi + np.pi / 2))
    canopy = np.concatenate([dome, np.stack([x, hem], 1)])
    p.fill(canopy, p.pick(*WARM, *COOL), patterned=True)


def paint_clutter(p: ObjectPainter) -> None:
    """Paint a shape of no class in the colours and patterns of the classes."""
    color = p.pick(*WARM, *COOL, *LEAFY, *PALE, WOOD)
    corners = ring(0.95, int(p.rng.integers(3, 9)))
    corners *= p.rng.uniform(0.4, 1.0, (len(corners), 1))
    shapes = (corners, rect(-0.95, -0.2, 0.95, 0.2), disc(0, 0, 0.9, 0.6))
    p.fill(shapes[p.rng.integers(3)], color, patterned=True)
    if p.rng.random() < 0.4:
        p.fill(disc(*p.rng.uniform(-0.4, 0.4, 2), 0.25), p.pick(*PALE, DARK))


# Class name -> drawing and its largest tilt in radians.
DRAWINGS: dict[str, tuple[Callable[[ObjectPainter], None], float]] = {
    'balloon': (_balloon, 0.15),
    'boat': (_boat, 0.2),
    'butterfly': (_butterfly, 0.9),
    'car': (_car, 0.15),
    'cloud': (_cloud, 0.1),
    'fish': (_fish, 0.5),
    'flower': (_flower, 0.3),
    'house': (_house, 0.08),
    'moon': (_moon, 0.6),
    'mushroom': (_mushroom, 0.25),
    'planet': (_planet, 0.6),
    'rocket': (_rocket, 0.9),
    'star': (_star, 0.6),
    'sun': (_sun, 3.2),
    'tree': (_tree, 0.1),
    'umbrella': (_umbrella, 0.5),
}
