"""A COCO detector made into one of our classes, without losing what COCO taught."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.detection import CLASSES
from models.errors import ModelError

COCO_NAMES = {"signal": "traffic light"}
"""Our names where COCO's differ."""
NEW_CLASSES = ("plate", "helmeted_head", "bare_head")
"""Classes that COCO does not hold."""
RARE_LOGIT = -6.0
"""Where a new class starts: nearly never, on every spot."""


def load_base(path: Path) -> Any:  # noqa: ANN401 - ultralytics carries no types
    """Load a detector of ultralytics, its batch norms folded into the convolutions.

    Folding matters: a network recovered from an int8 file has identity norms, which batch statistics would ruin, and
    small batches on a CPU make poor statistics anyway.

    Raises:
        ModelError: no such file, or not a detector like YOLOv8's.
    """
    from models.backends.guarded_ultralytics import YOLO  # noqa: PLC0415 - heavy; only who trains has it

    try:
        network = YOLO(str(path), task="detect").model.float()
    except FileNotFoundError as error:
        raise ModelError(
            f"no base network {path}: give a YOLOv8n trained on COCO with --base (yolov8n.pt is downloaded)"
        ) from error
    except Exception as error:
        # ultralytics, torch and pickle raise what they like for a damaged file or a missing network.
        raise ModelError(f"cannot load the base network {path}: {str(error).splitlines()[0]}") from error
    head = network.model[-1]
    if not hasattr(head, "cv3") or not isinstance(getattr(head.cv3[0], "2", head.cv3[0][-1]), nn.Conv2d):
        raise ModelError(f"{path} is no detector with YOLOv8's head: choose another base")
    return network.fuse(verbose=False)


def adapt(network: Any) -> Any:  # noqa: ANN401 - as above
    """Give the head our classes: rows that the base knows are kept, new ones start at "rare".

    Args:
        network: as `load_base` gives it; changed in place.
    """
    known = {name.lower(): row for row, name in network.names.items()}
    head = network.model[-1]
    for branch in head.cv3:
        old = branch[-1]
        new = nn.Conv2d(old.in_channels, len(CLASSES), 1)
        with torch.no_grad():
            new.weight.zero_()
            new.bias.fill_(RARE_LOGIT)
            for index, name in enumerate(CLASSES):
                row = known.get(name, known.get(COCO_NAMES.get(name, name)))
                if row is not None:
                    new.weight[index] = old.weight[row]
                    new.bias[index] = old.bias[row]
        branch[-1] = new
    head.nc = len(CLASSES)
    head.no = len(CLASSES) + 4 * head.reg_max
    network.names = dict(enumerate(CLASSES))
    network.nc = len(CLASSES)
    network.yaml["nc"] = len(CLASSES)
    return network


def trainable_groups(network: Any, *, rate: float, frozen_layers: int) -> list[dict[str, Any]]:  # noqa: ANN401 - as above
    """Parameters by rate: the first layers are frozen, the backbone learns slowly, the class rows fastest.

    Args:
        network: our network; its `requires_grad` flags are set.
        rate: learning rate of neck and head.
        frozen_layers: how many layers from the picture on keep what COCO taught.
    """
    backbone_layers = 10
    slow: list[Any] = []
    normal: list[Any] = []
    rows: list[Any] = []
    last = len(network.model) - 1
    for index, layer in enumerate(network.model):
        for name, parameter in layer.named_parameters():
            learn = index >= frozen_layers and "dfl" not in name
            parameter.requires_grad_(learn)
            if not learn:
                continue
            if index == last and name.startswith("cv3.") and name.split(".")[2] == "2":
                rows.append(parameter)
            else:
                (slow if index < backbone_layers else normal).append(parameter)
    return [
        {"params": slow, "lr": rate * 0.3, "weight_decay": 0.0},
        {"params": normal, "lr": rate, "weight_decay": 0.0},
        {"params": rows, "lr": rate * 5, "weight_decay": 0.0},
    ]
