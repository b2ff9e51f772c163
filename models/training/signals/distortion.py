"""What lenses, sensors, weather and codecs do to a small crop of a picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def distorted(rng: np.random.Generator, crop: Picture, *, smallest_px: int = 6, largest_px: int = 60) -> Picture:
    """A crop as a worse camera would have taken it.

    Args:
        rng: all randomness.
        crop: uint8 [height, width, 3], BGR.
        smallest_px: least width that is simulated.
        largest_px: greatest width.
    """
    picture = _turned(rng, crop)
    width = int(np.exp(rng.uniform(np.log(smallest_px), np.log(largest_px))))
    if width < picture.shape[1]:
        height = max(4, round(picture.shape[0] * width / picture.shape[1]))
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    light: NDArray[np.float32] = picture.astype(np.float32) / np.float32(255)
    light = _blurred(rng, light)
    light = _exposed(rng, light)
    light += rng.normal(0, rng.uniform(0, 0.03), light.shape).astype(np.float32)
    done = np.asarray(np.clip(light * 255, 0, 255), np.uint8)
    if rng.random() < 0.6:
        # A coder sees more than the crop, so that its blocks fall anywhere.
        quality = int(rng.uniform(20, 95))
        _, coded = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, quality])
        done = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return done


def _turned(rng: np.random.Generator, crop: Picture) -> Picture:
    height, width = crop.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 3.5), rng.uniform(0.92, 1.1))
    matrix[0, 1] += rng.normal(0, 0.05)
    matrix[:, 2] += rng.normal(0, 0.05, 2) * (width, height)
    return np.asarray(cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _blurred(rng: np.random.Generator, light: NDArray[np.float32]) -> NDArray[np.float32]:
    if rng.random() < 0.4:
        sigma = rng.uniform(0.2, 0.05 * light.shape[1] + 0.3)
        light = cv2.GaussianBlur(light, (0, 0), sigma)
    if rng.random() < 0.2:
        length = max(2, int(rng.uniform(0.03, 0.15) * light.shape[1]))
        kernel = np.full((1, length), 1 / length, np.float32)
        light = cv2.filter2D(light, -1, kernel if rng.random() < 0.7 else kernel.T)
    return np.asarray(light, np.float32)


def _overexposed(rng: np.random.Generator, light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Too long an exposure: the lamp's own channel clips, and its neighbours follow (a red lamp turns orange)."""
    linear = np.clip(light, 0, 1) ** np.float32(2.2)
    leak = np.float32(rng.uniform(0.02, 0.2))
    linear = (1 - leak) * linear + leak * linear.max(axis=2, keepdims=True) * np.array((0.4, 0.9, 0.5), np.float32)
    gain = np.float32(np.exp(rng.uniform(0, np.log(6))))
    # Only what shines: the street around keeps its level, as a camera that measures the whole picture keeps it.
    shines = np.clip((light.max(axis=2, keepdims=True) - 0.35) / 0.3, 0, 1) if rng.random() < 0.7 else np.float32(1)
    return np.asarray(np.clip(linear * (1 + (gain - 1) * shines), 0, 1) ** np.float32(1 / 2.2), np.float32)


def _exposed(rng: np.random.Generator, light: NDArray[np.float32]) -> NDArray[np.float32]:
    if rng.random() < 0.25:
        light = _overexposed(rng, light)
    if rng.random() < 0.35:
        # Bloom at night: what is bright spreads.
        bright = np.clip(light - 0.55, 0, None)
        light = light + rng.uniform(0.3, 2.0) * cv2.GaussianBlur(bright, (0, 0), 0.15 * light.shape[1] + 0.5)
    gains = 1 + rng.normal(0, 0.05, 3)
    light = np.clip(light * gains.astype(np.float32), 0, None)
    light = np.clip(light, 0, 4) ** np.float32(np.exp(rng.normal(0, 0.22)))
    light = light * np.float32(np.exp(rng.normal(0, 0.18)))
    if rng.random() < 0.3:
        haze = rng.uniform(0.05, 0.45)
        tint = rng.uniform(0.55, 0.95) + rng.normal(0, 0.04, 3)
        light = light * (1 - haze) + np.float32(haze) * tint.astype(np.float32)
    return np.asarray(np.clip(light, 0, 1), np.float32)
