"""What a detector saw in one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLASSES: tuple[str, ...] = (
    "car",
    "motorcycle",
    "bus",
    "truck",
    "bicycle",
    "person",
    "signal",
    "plate",
    "helmeted_head",
    "bare_head",
)
"""Names of the classes; `Detections.classes` holds indices into this tuple. New ones are appended, so that weights
which know only the first of them stay of use."""
CLASS_COUNTS = (8, len(CLASSES))
"""How many of `CLASSES` a network may know: those of before heads were told apart, or all."""


@dataclass(frozen=True, eq=False)
class Detections:
    """Boxes of one frame, best first.

    Attributes:
        boxes: float32, shape [n, 4]: x1 y1 x2 y2 in pixels of the original frame.
        scores: float32, shape [n], 0..1.
        classes: int64, shape [n]: index into `CLASSES`.

    Raises:
        ValueError: the three arrays do not have the same length.

    Example:
        >>> seen = Detections.empty()
        >>> len(seen.only("car", "bus"))
        0
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]

    def __post_init__(self) -> None:
        count = len(self.scores)
        if self.boxes.shape != (count, 4) or self.classes.shape != (count,):
            raise ValueError(
                f"Detections need boxes [n, 4], scores [n] and classes [n], not "
                f"{self.boxes.shape}, {self.scores.shape} and {self.classes.shape}"
            )

    @classmethod
    def empty(cls) -> Detections:
        """Nothing seen."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))

    @property
    def names(self) -> tuple[str, ...]:
        """Class names, one a box."""
        return tuple(CLASSES[index] for index in self.classes)

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, choice: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Detections:
        """Keep the boxes that a mask, an index array or a slice chooses."""
        return Detections(self.boxes[choice], self.scores[choice], self.classes[choice])

    def only(self, *names: str) -> Detections:
        """Keep the boxes of the named classes.

        Raises:
            ValueError: a name is not one of `CLASSES`.
        """
        unknown = [name for name in names if name not in CLASSES]
        if unknown:
            raise ValueError(f"unknown class {unknown[0]!r}: the classes are {', '.join(CLASSES)}")
        return self[np.isin(self.classes, [CLASSES.index(name) for name in names])]
