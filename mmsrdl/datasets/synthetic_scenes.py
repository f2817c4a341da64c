"""Renderer of synthetic scenes of several objects."""

from typing import NamedTuple

import cv2
import numpy as np

from . import synthetic_backgrounds as backgrounds
from .synthetic_objects import DRAWINGS, paint_clutter
from .synthetic_painter import ObjectPainter

# Scene type -> its background and its usual classes.
SCENES = {
    'meadow': (
        backgrounds.meadow,
        ('tree', 'flower', 'mushroom', 'house', 'butterfly', 'sun'),
    ),
    'sea': (
        backgrounds.sea,
        ('boat', 'fish', 'star', 'sun', 'cloud', 'umbrella'),
    ),
    'night': (
        backgrounds.night,
        ('moon', 'star', 'planet', 'rocket', 'balloon'),
    ),
    'town': (
        backgrounds.town,
        ('car', 'house', 'tree', 'flower', 'balloon', 'cloud', 'umbrella'),
    ),
}
IN_THE_SKY = frozenset(
    ('balloon', 'butterfly', 'cloud', 'moon')
    + ('planet', 'rocket', 'star', 'sun')
)
SURPRISE = 0.12  # chance that an object belongs to any scene
LEAST_VISIBLE = 0.35  # every object shows at least this share of itself ...
DIFFICULT_BELOW = 0.5  # ... and is difficult below this one


class SceneObject(NamedTuple):
    """An object: class name, pixel box x1, y1, x2, y2 (end exclusive)."""

    name: str
    box: tuple[int, int, int, int]
    difficult: bool


class Scene(NamedTuple):
    """A rendered scene: RGB uint8 (size, size, 3) and what it shows."""

    image: np.ndarray
    objects: list[SceneObject]


class _Canvas:
    """An image under work and which object owns each of its pixels."""

    def __init__(self, image: np.ndarray) -> None:
        self.image = image
        self.owner = np.full(image.shape[:2], -1)  # -1: no object
        self.areas: list[int] = []  # painted pixels, hidden ones included

    def place(
        self,
        painter: ObjectPainter,
        rows: tuple[float, float],
        rng: np.random.Generator,
        is_object: bool = True,
    ) -> bool:
        """Paste a patch where it leaves enough of every object visible.

        Args:
            painter (ObjectPainter): Holds the patch.
            rows (tuple[float, float]): Range of its centre, share of height.
            rng (np.random.Generator): Source of the positions to try.
            is_object (bool): False for clutter. Defaults to True.

        Returns:
            bool: Whether a place was found.
        """
        side, half = len(self.image), painter.half
        area = int(painter.mask.sum())
        for _ in range(8):
            x = int(side * rng.uniform(0.1, 0.9)) - half
            y = int(side * rng.uniform(*rows)) - half
            top, left = max(y, 0), max(x, 0)
            window = slice(top, y + 2 * half), slice(left, x + 2 * half)
            mask = painter.mask[top - y : side - y, left - x : side - x] > 0
            hidden = self.owner[window][mask]
            left_over = self._count(self.owner) - self._count(hidden)
            enough = LEAST_VISIBLE * np.array(self.areas)
            if mask.sum() < 0.7 * area or (left_over < enough).any():
                continue
            patch = painter.image[top - y : side - y, left - x : side - x]
            self.image[window][mask] = patch[mask]
            self.owner[window][mask] = len(self.areas) if is_object else -1
            if is_object:
                self.areas.append(area)
            return True
        return False

    def describe(self, index: int, scale: int) -> tuple[tuple, bool]:
        """Return an object's box in ``1 / scale`` pixels, and difficulty."""
        y, x = np.nonzero(self.owner == index)
        start = x.min() // scale, y.min() // scale
        end = x.max() // scale + 1, y.max() // scale + 1
        box = tuple(int(v) for v in (*start, *end))
        return box, len(x) < DIFFICULT_BELOW * self.areas[index]

    def _count(self, owner: np.ndarray) -> np.ndarray:
        """Count the pixels each object owns."""
        length = len(self.areas) + 1
        return np.bincount(owner.ravel() + 1, minlength=length)[1:]


class SceneRenderer:
    """Renders scenes whose hidden type decides which classes meet.

    Everything follows from the generator passed to :meth:`render`: equal
    generators give equal objects and boxes.

    Args:
        classes (tuple[str, ...], optional): Classes to draw, a subset of
            ``DRAWINGS``. Defaults to all of them.
        size (int): Side of the images in pixels. Defaults to 96.

    Raises:
        ValueError: If a class is unknown, or ``size`` is below 32.
    """

    supersample = 2

    def __init__(
        self, classes: tuple[str, ...] | None = None, size: int = 96
    ) -> None:
        self.classes = tuple(DRAWINGS) if classes is None else tuple(classes)
        unknown = [name for name in self.classes if name not in DRAWINGS]
        if unknown or not self.classes:
            raise ValueError(
                f'Cannot draw {unknown or "no class at all"}; choose among '
                f'{sorted(DRAWINGS)}.'
            )
        if size < 32:
            raise ValueError(f'size must be at least 32 pixels, got {size}.')
        self.size = size

    def render(self, rng: np.random.Generator) -> Scene:
        """Render one scene.

        Args:
            rng (np.random.Generator): The only source of randomness.

        Returns:
            Scene: The image and its objects, farthest first.
        """
        paint_background, usual = SCENES[rng.choice(list(SCENES))]
        side = self.size * self.supersample
        background = paint_background(side, rng).clip(0, 255)
        canvas, names = _Canvas(background.astype(np.uint8)), []
        count = rng.integers(2, 7)
        for radius in sorted(np.exp(rng.uniform(-1.85, -1.15, count)) * side):
            if rng.random() < 0.4:
                clutter = ObjectPainter(rng.uniform(0.3, 0.8) * radius, rng, 3)
                paint_clutter(clutter)
                canvas.place(clutter, (0.1, 0.9), rng, is_object=False)
            name = self._draw_class(usual, rng)
            draw, max_tilt = DRAWINGS[name]
            painter = ObjectPainter(radius, rng, max_tilt)
            draw(painter)
            in_the_sky = (name in IN_THE_SKY) ^ (rng.random() < 0.15)
            rows = (0.12, 0.5) if in_the_sky else (0.5, 0.9)
            if canvas.place(painter, rows, rng):
                names.append(name)
        objects = [
            SceneObject(name, *canvas.describe(i, self.supersample))
            for i, name in enumerate(names)
        ]
        return Scene(self._develop(canvas.image, rng), objects)

    def _draw_class(self, usual: tuple, rng: np.random.Generator) -> str:
        """Draw a class, most often one of the scene's own."""
        own = [name for name in self.classes if name in usual]
        if not own or rng.random() < SURPRISE:
            own = self.classes
        return own[rng.integers(len(own))]

    def _develop(
        self, image: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Reduce to the final size; vary contrast, light and noise."""
        image = cv2.resize(
            image, (self.size, self.size), interpolation=cv2.INTER_AREA
        )
        contrast, light = rng.uniform(0.8, 1.05), rng.uniform(-10, 20)
        noise = rng.normal(0, rng.uniform(1, 4), image.shape)
        return (image * contrast + light + noise).clip(0, 255).astype(np.uint8)
