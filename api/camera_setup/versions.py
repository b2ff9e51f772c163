"""Publishing a version of a scene: a technician signed it on his own machine, the office keeps text and signature.

The private key never comes here. What the hash of the signature stands for only the roadside can compute: the box
checks it when it loads the scene, and each package names the version by which it was judged.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.camera_setup.drawing import read_scene
from api.camera_setup.tables import SceneVersionRow
from api.clock import now
from api.store.kinds import Actor
from pipeline.evidence.dsse import pae
from pipeline.evidence.keys import PublicKey

PAYLOAD_TYPE: Final = "application/vnd.tertib.scene+json;version=1"
SCHEMA: Final = "tertib.scene-signature/1"
MAX_SIGNATURE_CHARACTERS: Final = 20_000
_NOT_SIGNED: Final = frozenset({"public_key_b64", "signature_b64"})
_FIELDS: Final = frozenset(
    {"schema", "scene", "camera_id", "version", "version_sha256", "signer", "signed_at", "keyid", *_NOT_SIGNED}
)


class VersionRefusedError(ValueError):
    """It cannot be published; `message` is a key of the catalogue."""

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message)
        self.message, self.values = message, values


@dataclass(frozen=True)
class Signed:
    """What a signature says, after it was found to hold."""

    scene: str
    camera_id: str
    version: int
    version_sha256: str
    signer: str
    keyid: str


def read_signature(text: str) -> Signed:
    """Read `SCENE.yaml.sig.json` and check that its key made it.

    Raises:
        VersionRefusedError: it is no signature of a scene, or does not hold.
    """
    try:
        told: dict[str, Any] = json.loads(text[: MAX_SIGNATURE_CHARACTERS + 1])
        whole = set(told) == _FIELDS and told["schema"] == SCHEMA and len(text) <= MAX_SIGNATURE_CHARACTERS
        signed = {key: value for key, value in told.items() if key not in _NOT_SIGNED}
        payload = json.dumps(signed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        key = PublicKey(
            keyid=told["keyid"],
            public_key_b64=told["public_key_b64"],
            camera_id="technician",
            valid_from=datetime.fromisoformat(told["signed_at"]),
        )
        holds = key.is_signature(base64.b64decode(told["signature_b64"], validate=True), pae(payload, PAYLOAD_TYPE))
        found = Signed(
            scene=str(told["scene"]),
            camera_id=str(told["camera_id"]),
            version=int(told["version"]),
            version_sha256=str(told["version_sha256"]),
            signer=str(told["signer"])[:120],
            keyid=str(told["keyid"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise VersionRefusedError("cameras.publish.error.signature") from error
    if not whole:
        raise VersionRefusedError("cameras.publish.error.signature")
    if not holds:
        raise VersionRefusedError("cameras.publish.error.holds")
    return found


def publish(session: Session, *, camera_id: str, scene: str, signature: str, actor: Actor) -> SceneVersionRow:
    """Keep a signed version. Never commits.

    Raises:
        SceneUnreadableError: the text is no scene.
        VersionRefusedError: text and signature do not belong together, or the number is taken.
    """
    values, signed = read_scene(scene), read_signature(signature)
    camera = values.get("camera")
    of = str(camera.get("id", "")) if isinstance(camera, dict) else ""
    if not of == signed.camera_id == camera_id:
        raise VersionRefusedError("cameras.publish.error.camera", camera=camera_id)
    if values.get("version", 1) != signed.version or values.get("name") != signed.scene:
        raise VersionRefusedError("cameras.publish.error.version", version=signed.version, name=signed.scene[:60])
    row = SceneVersionRow(
        camera_id=camera_id,
        version=signed.version,
        version_sha256=signed.version_sha256,
        signer=signed.signer,
        keyid=signed.keyid,
        scene=scene,
        signature=signature,
        published_at=now(session),
        published_by=actor.id,
        published_name=actor.name,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise VersionRefusedError("cameras.publish.error.taken", version=signed.version) from error
    return row


def versions_of(session: Session, camera_id: str) -> list[SceneVersionRow]:
    """All published versions of a camera, the newest first."""
    query = select(SceneVersionRow).where(SceneVersionRow.camera_id == camera_id)
    return list(session.scalars(query.order_by(SceneVersionRow.version.desc())))
