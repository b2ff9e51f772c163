"""What a recognition network saw along one text line, over the characters that plates can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
INDEX = {character: index for index, character in enumerate(ALPHABET)}
SILENT = len(ALPHABET)  # column of "no character here": CTC's blank and the separators printed between groups
JUNK = len(ALPHABET) + 1  # column of "a character, but none that a plate holds"
SEPARATORS = frozenset(" .-:·•|'`_,~\"")


@dataclass(frozen=True)
class Posteriors:
    """Shares per time step of a CTC network, folded to plate characters.

    Attributes:
        shares: float32 [steps, 38], rows sum to 1: the 36 characters of `ALPHABET`, then `SILENT`, then `JUNK`.
        step_px: pixels of the line's image from one step to the next; 0 when steps have no place in one image.
    """

    shares: NDArray[np.float32]
    step_px: float = 0.0

    def greedy(self) -> tuple[str, tuple[float, ...]]:
        """The text of the best path and the highest share of each of its characters (junk is left out)."""
        text: list[str] = []
        peaks: list[float] = []
        previous = SILENT
        for column, share in zip(self.shares.argmax(1), self.shares.max(1), strict=True):
            if column < SILENT:
                if column != previous:
                    text.append(ALPHABET[column])
                    peaks.append(float(share))
                else:
                    peaks[-1] = max(peaks[-1], float(share))
            previous = column
        return "".join(text), tuple(peaks)


class Folding:
    """Folds a network's own characters: lower case into upper case, separators into silence, the rest into junk."""

    def __init__(self, characters: Sequence[str], *, blank: int = 0) -> None:
        """Prepare for `characters`, one entry a column of the network's output; the entry at `blank` is ignored."""
        self._columns = np.full(len(characters), JUNK, np.int64)
        for column, character in enumerate(characters):
            if column == blank or character in SEPARATORS:
                self._columns[column] = SILENT
            elif character.upper() in INDEX:
                self._columns[column] = INDEX[character.upper()]
        self._wanted = np.flatnonzero(self._columns != JUNK)
        self._matrix = np.zeros((len(self._wanted), JUNK), np.float32)
        self._matrix[np.arange(len(self._wanted)), self._columns[self._wanted]] = 1.0

    @property
    def size(self) -> int:
        """Columns that the network's output must have."""
        return len(self._columns)

    def fold(self, output: NDArray[np.float32], *, step_px: float = 0.0) -> Posteriors:
        """Fold one line's output (float32 [steps, size], rows sum to 1), whose steps are `step_px` apart."""
        known = output[:, self._wanted] @ self._matrix
        junk = np.clip(1.0 - known.sum(1, keepdims=True), 0.0, 1.0)
        return Posteriors(np.concatenate([known, junk], 1).astype(np.float32), step_px)
