"""Backgrounds of the synthetic scenes."""

import cv2
import numpy as np

Rng = np.random.Generator


def _gradient(side: int, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return a vertical gradient (side, side, 3), float32, 0 to 255."""
    share = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    rows = (1 - share) * np.float32(top) + share * np.float32(bottom)
    return np.repeat(rows, side, axis=1)


def _texture(side: int, rng: Rng, cells: int, stretch: int = 1) -> np.ndarray:
    """Return smooth noise (side, side, 1) in about [-1, 1]."""
    coarse = rng.uniform(-1, 1, (cells, max(cells // stretch, 2)))
    noise = cv2.resize(coarse.astype(np.float32), (side, side))
    return noise[..., None]


def _below(side: int, horizon: float, rng: Rng, wave: float) -> np.ndarray:
    """Return where (side, side) the land below a wavy horizon is."""
    x = np.linspace(0, 2 * np.pi, side)
    bumps = np.sin(x * rng.uniform(0.6, 1.6) + rng.uniform(0, 6.3))
    line = side * (horizon + wave * bumps)
    return np.arange(side)[:, None] >= line[None]


def _day_sky(side: int, rng: Rng) -> np.ndarray:
    tops = ((120, 185, 235), (250, 190, 150), (165, 170, 215), (140, 205, 205))
    top = np.array(tops[rng.integers(4)]) + rng.integers(-15, 16, 3)
    sky = _gradient(side, top, top * 0.4 + 150)
    return sky + 8 * _texture(side, rng, 8, 3)


def meadow(side: int, rng: Rng) -> np.ndarray:
    """Return hills under a day sky: float32 (side, side, 3), 0 to 255."""
    image, horizon = _day_sky(side, rng), rng.uniform(0.4, 0.55)
    tone = np.array([125, 175, 95]) + rng.integers(-25, 26, 3)
    for i in range(3):
        hill = _below(side, horizon + 0.15 * i, rng, 0.04)
        shade = tone * (1 - 0.1 * i) + 12 * _texture(side, rng, side // 6)
        image = np.where(hill[..., None], shade, image)
    return image


def sea(side: int, rng: Rng) -> np.ndarray:
    """Return water under a day sky: float32 (side, side, 3), 0 to 255."""
    image, horizon = _day_sky(side, rng), rng.uniform(0.3, 0.5)
    near = np.array([45, 120, 165]) + rng.integers(-25, 26, 3)
    water = _gradient(side, near + 50, near)
    water += 14 * _texture(side, rng, side // 4, 8)
    image = np.where(_below(side, horizon, rng, 0)[..., None], water, image)
    if rng.random() < 0.5:
        beach = _below(side, rng.uniform(0.8, 0.92), rng, 0.02)
        sand = np.array([230, 205, 160]) + 8 * _texture(side, rng, side // 3)
        image = np.where(beach[..., None], sand, image)
    return image


def night(side: int, rng: Rng) -> np.ndarray:
    """Return a sky full of specks: float32 (side, side, 3), 0 to 255."""
    dark = np.array([30, 30, 65]) + rng.integers(-15, 30, 3)
    image = _gradient(side, dark, dark * 1.5 + 20)
    image = image + _texture(side, rng, 4) * rng.uniform(-20, 30, 3)
    specks = rng.integers(0, side, (60, 2))
    image[specks[:, 0], specks[:, 1]] = 235
    if rng.random() < 0.5:
        land = _below(side, rng.uniform(0.7, 0.85), rng, 0.05)
        rock = dark * 0.6 + 60 + 14 * _texture(side, rng, side // 6)
        image = np.where(land[..., None], rock, image)
    return image


def town(side: int, rng: Rng) -> np.ndarray:
    """Return a skyline and a road: float32 (side, side, 3), 0 to 255."""
    image, ground = _day_sky(side, rng), int(side * rng.uniform(0.62, 0.74))
    x = -int(side * rng.uniform(0, 0.1))
    while x < side:
        width = int(side * rng.uniform(0.12, 0.22))
        top = int(side * rng.uniform(0.2, 0.5))
        wall = rng.integers(120, 185, 3)
        image[top:ground, max(x, 0) : x + width] = wall
        step = side // 16
        for y in range(top + step // 2, ground - step // 2, step):
            for left in range(x + step // 2, x + width - step // 2, step):
                window = image[y : y + step // 2, max(left, 0) :]
                window[:, : step // 2] = wall + rng.choice([-35, 45])
        x += width
    road = np.array([125, 120, 125]) + rng.integers(-20, 21, 3)
    image[ground:] = road + 8 * _texture(side, rng, side // 3)[ground:]
    image[ground + side // 6 : ground + side // 6 + side // 50] = 225
    return image
