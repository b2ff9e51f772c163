"""The reader behind one port: a plate crop in, a reading or an abstention out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from models.catalogue import resolve
from models.errors import ModelError
from models.plates.agreement import AgreeingReader
from models.plates.candidates import gather
from models.plates.decision import Limits, decide
from models.plates.description import described
from models.plates.expiry import Expiry, read_expiry
from models.plates.grammar import Grammar, grammars_of
from models.plates.levelling import levelled
from models.plates.posteriors import SILENT, Posteriors
from models.plates.reading import PlateReading
from models.plates.text_band import thickest_stretch
from models.plates.text_line import TextLine, find_text_lines

READERS = ("agree", "plates-id", "rapidocr", "easyocr")
LEAST_HEIGHT_PX = 10
LEAST_WIDTH_PX = 24
# MM.YY with room around it, in a strip that is higher than its digits.
EXPIRY_ASPECT = 4.5
# EasyOCR is surer of itself than it is right: it has to lead by far.
EASYOCR_LIMITS = Limits(confidence=0.85, margin=100.0, margin_grown_together=400.0)


class LineRecogniser(Protocol):
    """A network that reads one text line."""

    def recognise(self, line_bgr: NDArray[np.uint8]) -> Posteriors:
        """Read one text line (uint8 [height, width, 3], BGR, any size)."""
        ...


class PlateReader(Protocol):
    """Reads one plate crop."""

    def read(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        """Read a plate crop (uint8 [height, width, 3], BGR); in doubt the reading's text is None."""
        ...


@runtime_checkable
class TwoStageReader(PlateReader, Protocol):
    """A reader of two, the first of which is cheap: over many looks, the second is only asked where it pays."""

    def glance(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        """The first reader's candidates; it names no text."""
        ...

    def confirm(self, crop_bgr: NDArray[np.uint8], own: PlateReading) -> PlateReading:
        """The whole reading of a crop at which the first reader has looked."""
        ...


class GrammarReader:
    """Main line, two looks at it by a network, and the text that a country's grammar allows and both looks support."""

    def __init__(
        self, recogniser: LineRecogniser, grammars: Sequence[Grammar], *, limits: Limits | None = None
    ) -> None:
        """Read with `recogniser` what fits one of `grammars`, the likeliest first; `limits` say when to abstain."""
        self._recogniser = recogniser
        self._grammars = tuple(grammars)
        self._limits = limits or Limits()

    def read(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        """Read a plate crop.

        Args:
            crop_bgr: uint8 [height, width, 3], BGR, a plate with little around it, at least 10 by 24 pixels.

        Raises:
            ValueError: the array is no colour picture.
        """
        if crop_bgr.ndim != 3 or crop_bgr.shape[2] != 3 or crop_bgr.dtype != np.uint8:
            raise ValueError(
                f"a plate crop must be uint8 [height, width, 3], not {crop_bgr.dtype} {list(crop_bgr.shape)}"
            )
        height, width = crop_bgr.shape[:2]
        if height < LEAST_HEIGHT_PX or width < LEAST_WIDTH_PX:
            return _unread(f"the plate is too small to read: {width}x{height} pixels")
        crop_bgr = levelled(crop_bgr)
        lines = find_text_lines(crop_bgr)
        looks = self._looks(crop_bgr, lines)
        expiry = self._expiry(lines) if any(grammar.expiry for grammar in self._grammars) else None
        reading = decide(gather(looks, lines, self._grammars), looks, self._grammars, lines, self._limits)
        return described(reading, crop_bgr, expiry)

    def _looks(self, crop_bgr: NDArray[np.uint8], lines: Sequence[TextLine]) -> list[Posteriors]:
        """Two looks: the line as it is, and in gray with its contrast stretched, dark on light.

        Where no separate characters stood out the line may be misplaced: then the first look is at the whole crop.
        """
        seen_apart = bool(lines) and lines[0].glyphs > 0
        plain = [line.image for line in lines] if seen_apart else [crop_bgr]
        level = [_stretched(line.image, dark_text=line.dark_text) for line in lines] or [
            _stretched(crop_bgr, dark_text=True)
        ]
        return [_joined([self._recogniser.recognise(image) for image in images]) for images in (plain, level)]

    def _expiry(self, lines: Sequence[TextLine]) -> Expiry | None:
        """MM.YY below the main line, when legible."""
        if len(lines) != 1 or lines[0].below is None:
            return None
        return read_expiry(self._recogniser.recognise(thickest_stretch(lines[0].below, aspect=EXPIRY_ASPECT)))


def _unread(reason: str) -> PlateReading:
    """An abstention without any candidate."""
    return PlateReading(None, 0.0, reason, (), ())


def _joined(parts: Sequence[Posteriors]) -> Posteriors:
    """Lines one after another, with a silence between."""
    if len(parts) == 1:
        return parts[0]
    silence = np.zeros((1, parts[0].shares.shape[1]), np.float32)
    silence[0, SILENT] = 1.0
    rows = [parts[0].shares]
    for part in parts[1:]:
        rows += [silence, part.shares]
    return Posteriors(np.concatenate(rows))


def _stretched(image_bgr: NDArray[np.uint8], *, dark_text: bool) -> NDArray[np.uint8]:
    """Gray from its 2nd to its 98th percentile, dark on light, with a rim so that nothing touches the edge."""
    gray = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    low, high = np.percentile(gray, (2, 98))
    gray = np.clip((gray - low) * (255.0 / max(high - low, 1.0)), 0, 255)
    if not dark_text:
        gray = 255.0 - gray
    rim = image_bgr.shape[0] // 8
    rimmed = cv2.copyMakeBorder(gray.astype(np.uint8), 0, 0, rim, rim, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.cvtColor(rimmed, cv2.COLOR_GRAY2BGR), np.uint8)


def load_plate_reader(name: str = READERS[0], *, countries: Sequence[str] = ("ID",), threads: int = 1) -> PlateReader:
    """Load a plate reader.

    Args:
        name: `agree` (the network of our own and RapidOCR must say the same), `plates-id` or `rapidocr` alone, or
            `easyocr` (extra `train`).
        countries: codes of the plate formats to expect (`ID`, `VN`, `EU`), the likeliest first.
        threads: CPU threads for one line, at least 1.

    Raises:
        ModelError: no such reader or country, or its weights or its extra are absent; the message says what to do.
        ValueError: `threads` is under 1.
    """
    if threads < 1:
        raise ValueError(f"threads must be at least 1, not {threads}")
    grammars = grammars_of(countries)
    if name == "agree":
        own = load_plate_reader("plates-id", countries=countries, threads=threads)
        return AgreeingReader(own, load_plate_reader("rapidocr", countries=countries, threads=threads))
    if name == "plates-id":
        from models.plates.line_network import LineNetwork  # noqa: PLC0415 - as below
        from models.plates.net_reader import NetReader  # noqa: PLC0415 - as below

        return NetReader(LineNetwork(resolve("plates-id"), threads=threads), grammars)
    if name == "rapidocr":
        from models.plates.rapidocr import RapidOcrRecogniser  # noqa: PLC0415 - one reader is imported, not both

        return GrammarReader(RapidOcrRecogniser(resolve("rapidocr"), threads=threads), grammars)
    if name == "easyocr":
        from models.plates.easyocr import EasyOcrRecogniser  # noqa: PLC0415 - needs torch

        return GrammarReader(EasyOcrRecogniser(threads=threads), grammars, limits=EASYOCR_LIMITS)
    raise ModelError(f"unknown plate reader {name!r}: choose one of {', '.join(READERS)}")
