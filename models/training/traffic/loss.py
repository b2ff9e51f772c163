"""YOLOv8's loss, silent about classes where teachers or people were undecided."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from models.backends.guarded_ultralytics import make_anchors, v8DetectionLoss
from models.detection import CLASSES
from models.training.traffic.agreement import HEADS_UNDECIDED, UNDECIDED
from models.training.traffic.network import NEW_CLASSES

LIFTED = [CLASSES.index(name) for name in NEW_CLASSES]
LIFT = 0.35
"""Least target of a class that COCO does not know. Targets grow with the overlap of the boxes, and COCO's network
draws the car around a plate: without a lift the new class would wait for its boxes, and its boxes for the class."""
HEADS = [CLASSES.index(name) for name in ("helmeted_head", "bare_head")]
GAINS = SimpleNamespace(box=7.5, cls=0.5, dfl=1.5)
"""Weights of the three parts, as YOLOv8 was trained."""


class UndecidedLoss:
    """Loss of a batch in which boxes of class `UNDECIDED` mark regions without a class loss.

    Those of class `HEADS_UNDECIDED` mark regions without a loss for heads.

    Calling it takes the network's training output and the batch (`batch_idx` [n], `cls` [n, 1], `bboxes` [n, 4] as
    centre and size in shares of the picture) and gives the loss (a scalar, a mean over pictures) and its parts (box,
    class, dfl).
    """

    def __init__(self, network: Any) -> None:  # noqa: ANN401 - ultralytics carries no types
        network.args = GAINS
        self._loss = v8DetectionLoss(network)
        self._plain = torch.nn.BCEWithLogitsLoss(reduction="none")
        self._speaks: Tensor | None = None
        self._loss.bce = self._class_loss
        assigner = self._loss.assigner

        def lifted(*given: Tensor) -> tuple[Tensor, ...]:
            labels, boxes, scores, foreground, owner = assigner(*given)
            columns = scores[..., LIFTED]
            scores[..., LIFTED] = torch.where(columns > 0, columns.clamp(min=LIFT), columns)
            return labels, boxes, scores, foreground, owner

        self._loss.assigner = lifted

    def _class_loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        loss: Tensor = self._plain(logits, targets)
        if self._speaks is None:
            return loss
        # An anchor that a decided object claims is taught, even inside an undecided region; of heads it is taught there
        # only if a head claims it: the anchors of a rider's body may lie on a head that nobody marked.
        claimed = (targets.sum(dim=2, keepdim=True) > 0).expand_as(targets).clone()
        claimed[..., HEADS] = targets[..., HEADS].sum(dim=2, keepdim=True) > 0
        return loss * torch.where(claimed, 1.0, self._speaks)

    def __call__(self, output: Any, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:  # noqa: ANN401 - as above
        """Loss and its three parts (detached)."""
        output = self._loss.parse_output(output)
        undecided = batch["cls"].view(-1) >= UNDECIDED
        pictures = output["boxes"].shape[0]
        self._speaks = None
        if undecided.any():
            points, strides = make_anchors(output["feats"], self._loss.stride, 0.5)
            points = points * strides
            height, width = (side * self._loss.stride[0] for side in output["feats"][0].shape[2:])
            speaks = torch.ones(pictures, len(points), len(CLASSES))
            for index, name, (x, y, w, h) in zip(
                batch["batch_idx"][undecided].long().tolist(),
                batch["cls"].view(-1)[undecided].long().tolist(),
                batch["bboxes"][undecided].tolist(),
                strict=True,
            ):
                inside = ((points[:, 0] - x * width).abs() <= w * width / 2) & (
                    (points[:, 1] - y * height).abs() <= h * height / 2
                )
                for column in HEADS if name == HEADS_UNDECIDED else range(len(CLASSES)):
                    speaks[index, inside, column] = 0
            self._speaks = speaks
        decided = {name: batch[name][~undecided] for name in ("batch_idx", "cls", "bboxes")}
        loss, _ = self._loss(output, decided)
        per_picture: Tensor = loss / pictures
        return per_picture.sum(), per_picture.detach()
