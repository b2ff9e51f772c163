"""What we use of ultralytics (8.4), without what its import does to the rest of the process.

It replaces `PIL.Image.open` by a function that runs pip when somebody hands in a file that is no picture, and
installs what it misses elsewhere too. Nothing else of ours imports ultralytics.
"""

from __future__ import annotations

import os

from PIL import Image

os.environ.setdefault("YOLO_AUTOINSTALL", "false")

from ultralytics import YOLO
from ultralytics.utils import patches
from ultralytics.utils.downloads import attempt_download_asset
from ultralytics.utils.loss import v8DetectionLoss
from ultralytics.utils.tal import make_anchors

# Pillow's own, which the replacement keeps.
Image.open = patches._image_open  # noqa: SLF001 - there is no public name for it

__all__ = ["YOLO", "attempt_download_asset", "make_anchors", "v8DetectionLoss"]
