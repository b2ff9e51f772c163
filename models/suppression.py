"""From a YOLO head's raw output to boxes: threshold, then suppression of what is one object."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OVERLAP = 0.6
"""IoU from which two boxes of one class are one object. Looser than NMS's usual .5: motorcycles in a queue overlap."""
FAMILY = np.array([0, 1, 0, 0, 2, 3, 4, 5, 6, 6], np.int64)
"""Which of `CLASSES` are names of one thing: a van is not car and truck at once, no head both helmeted and bare; all
else stands alone."""
MAX_BOXES = 300
MAX_CANDIDATES = 3000

Head = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]


def overlaps(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """IoU of every box of `first` [n, 4] with every box of `second` [m, 4], as float32 [n, m]."""
    top_left = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = np.minimum(first[:, None, 2:], second[None, :, 2:])
    inner = np.clip(bottom_right - top_left, 0, None).prod(axis=2)
    area_first = np.clip(first[:, 2:] - first[:, :2], 0, None).prod(axis=1)
    area_second = np.clip(second[:, 2:] - second[:, :2], 0, None).prod(axis=1)
    union = area_first[:, None] + area_second[None, :] - inner
    result: NDArray[np.float32] = (inner / np.maximum(union, 1e-9)).astype(np.float32)
    return result


def suppress(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], classes: NDArray[np.int64], *, overlap: float = OVERLAP
) -> NDArray[np.int64]:
    """Indices of the boxes to keep, best first: greedy, and only boxes of one class suppress each other."""
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    if not len(order):
        return order.astype(np.int64)
    # Boxes of different classes are moved apart, so that one pass serves all classes.
    shift = np.float32(boxes.max() - boxes.min() + 1)
    moved = boxes[order] + (classes[order].astype(np.float32) * shift)[:, None]
    alive = np.ones(len(order), np.bool_)
    kept: list[int] = []
    for position in range(len(order)):
        if not alive[position]:
            continue
        kept.append(int(order[position]))
        if len(kept) == MAX_BOXES:
            break
        alive &= overlaps(moved[position : position + 1], moved)[0] <= overlap
    return np.array(kept, np.int64)


def decode(output: NDArray[np.float32], *, confidence: float) -> Head:
    """Read one YOLOv8 head.

    Args:
        output: float32 [4 + classes, anchors]: centre x, centre y, width, height in network pixels, then class scores.
        confidence: lowest score to keep, 0..1.

    Returns:
        Boxes [n, 4] as x1 y1 x2 y2 in network pixels, scores [n], classes [n], best first, after suppression.
    """
    scores_all = output[4:]
    best = scores_all.max(axis=0)
    chosen = np.flatnonzero(best >= confidence)
    centre, half = output[:2, chosen].T, output[2:4, chosen].T / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1).astype(np.float32)
    scores = best[chosen].astype(np.float32)
    classes = scores_all[:, chosen].argmax(axis=0).astype(np.int64)
    keep = suppress(boxes, scores, FAMILY[classes])
    return boxes[keep], scores[keep], classes[keep]
