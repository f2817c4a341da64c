"""Painter of the synthetic objects: pose, colours and patterns."""

import cv2
import numpy as np

Color = tuple[int, int, int]


class ObjectPainter:
    """Paints one object on a square patch.

    Drawings use object coordinates: x to the right, y down, the object inside
    the unit circle. The painter tilts and mirrors them, lays a pattern over
    the parts that ask for it and records which pixels were painted.

    Args:
        radius (float): Pixels of one unit.
        rng (np.random.Generator): Source of pose, colours and pattern.
        max_tilt (float): Largest rotation in radians.
    """

    def __init__(
        self, radius: float, rng: np.random.Generator, max_tilt: float
    ) -> None:
        self.rng = rng
        self.half = int(np.ceil(radius)) + 2
        side = 2 * self.half
        self.image = np.zeros((side, side, 3), np.uint8)
        self.mask = np.zeros((side, side), np.uint8)
        tilt = rng.uniform(-max_tilt, max_tilt)
        cos, sin = np.cos(tilt), np.sin(tilt)
        mirror = rng.choice([-1.0, 1.0])
        stretch = rng.uniform(0.85, 1.0, 2)
        axes = np.array([[cos * mirror, sin * mirror], [-sin, cos]])
        self.matrix = radius * stretch[:, None] * axes
        self.pattern = self._draw_pattern(side, radius)

    def pick(self, *colors: Color) -> Color:
        """Return one of the colours, slightly changed."""
        color = colors[self.rng.integers(len(colors))]
        shift = self.rng.integers(-14, 15, 3)
        return tuple(int(v) for v in np.clip(np.add(color, shift), 0, 255))

    def fill(
        self, points: np.ndarray | list, color: Color, patterned: bool = False
    ) -> None:
        """Fill a polygon.

        Args:
            points (np.ndarray | list): Corners (N, 2) in object coordinates.
            color (tuple): RGB, 0 to 255.
            patterned (bool): Whether to lay the object's pattern over it.
        """
        corners = np.asarray(points, float) @ self.matrix + self.half
        corners = np.rint(corners).astype(np.int32)
        cv2.fillPoly(self.mask, [corners], 1)
        if not patterned:
            cv2.fillPoly(self.image, [corners], color)
            return
        part = np.zeros_like(self.mask)
        cv2.fillPoly(part, [corners], 1)
        self.image[part > 0] = color
        light = sum(color) > 380
        second = [v * 0.78 if light else v + (255 - v) * 0.3 for v in color]
        self.image[(part > 0) & self.pattern] = np.array(second, np.uint8)

    def _draw_pattern(self, side: int, radius: float) -> np.ndarray:
        """Return where (side, side) stripes, dots or checks are."""
        kind = self.rng.integers(4)
        period = radius * self.rng.uniform(0.3, 0.5)
        angle = self.rng.uniform(0, np.pi)
        y, x = np.mgrid[:side, :side] - self.half
        u = (x * np.cos(angle) + y * np.sin(angle)) / period % 1
        v = (y * np.cos(angle) - x * np.sin(angle)) / period % 1
        if kind == 0:
            return u < 0.4
        if kind == 1:
            return (u - 0.5) ** 2 + (v - 0.5) ** 2 < 0.07
        if kind == 2:
            return (u < 0.5) ^ (v < 0.5)
        return np.zeros_like(u, bool)
