"""Opens when something moves: where nothing moves nothing is inferred."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.ingest.frame import Frame


class MotionGate:
    """Compares the small brightness picture with a slowly learnt background.

    A vehicle that stops stays foreground for some seconds and is then learnt; while anything is being followed the
    camera asks for a heartbeat
    (`hold`), so that a vehicle waiting at a red light is not forgotten.

    Args:
        difference: Grey levels by which a pixel must differ to count as changed (0..255).
        share: Share of changed pixels that opens the gate (0..1).
        hold_s: How long the gate stays open after the last motion, in seconds.
        heartbeat_s: While something is followed, at least one picture passes in this time, in seconds.
        learn_s: Time constant with which the background follows the picture, in seconds.
    """

    def __init__(
        self,
        *,
        difference: float = 14.0,
        share: float = 0.001,
        hold_s: float = 1.0,
        heartbeat_s: float = 0.4,
        learn_s: float = 8.0,
    ) -> None:
        self._difference = difference
        self._share = share
        self._hold_s = hold_s
        self._heartbeat_s = heartbeat_s
        self._learn_s = learn_s
        self.luma: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        """The small brightness picture that was looked at last, as float32 [h, w]."""
        self.moving: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)
        """Which of its pixels move, bool [h, w]."""
        self._background: NDArray[np.float32] | None = None
        self._previous: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._last_at_s = 0.0
        self._open_until_s = float("-inf")
        self._passed_at_s = float("-inf")

    def passes(self, frame: Frame, *, following: bool) -> bool:
        """Whether this picture is worth an inference.

        Args:
            frame: The next picture, later than all before.
            following: Whether a track is alive.

        Returns:
            True when something moves, moved a moment ago, or the heartbeat is due.
        """
        return self.opens(frame) or (following and self.beats(frame.at_s))

    def opens(self, frame: Frame) -> bool:
        """Whether something moves in this picture, later than all before, or moved a moment ago."""
        luma = cv2.GaussianBlur(frame.luma(), (3, 3), 0).astype(np.float32)
        self.luma = luma
        if self._background is None or self._background.shape != luma.shape:
            self._background = luma.copy()
            self._open_until_s = frame.at_s + self._hold_s
            self._previous = luma
        # What moves differs from the background and from the picture before. Exposure and haze drift slowly, and a
        # change of exposure moves all pixels alike: neither is motion.
        foreground = np.abs(levelled(luma - self._background)) > self._difference
        fresh = np.abs(levelled(luma - self._previous)) > self._difference / 2
        self.moving = foreground & fresh
        moves = float(np.mean(self.moving)) > self._share
        self._previous = luma
        step_s = max(0.0, frame.at_s - self._last_at_s) if self._last_at_s else 0.0
        weight = min(1.0, step_s / self._learn_s)
        self._background += weight * (luma - self._background)
        self._last_at_s = frame.at_s
        if moves:
            self._open_until_s = frame.at_s + self._hold_s
        if frame.at_s <= self._open_until_s:
            self._passed_at_s = frame.at_s
            return True
        return False

    def beats(self, at_s: float) -> bool:
        """Whether the heartbeat is due, which it then is not for a while."""
        if at_s - self._passed_at_s < self._heartbeat_s:
            return False
        self._passed_at_s = at_s
        return True


def levelled(change: NDArray[np.float32]) -> NDArray[np.float32]:
    """A change without what all pixels share, as the exposure's."""
    rest: NDArray[np.float32] = change - np.median(change)
    return rest
