"""A technician's signature under a version of a scene: who drew it, and that nobody changed it since.

It lies beside the scene file as `NAME.yaml.sig.json`. Signed is the DSSE pre-authentication encoding of a small JSON
text that names the scene's meaning by its SHA-256, so that remarks and the order of keys may change and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pipeline.evidence.dsse import pae
from pipeline.evidence.durable import write_durably
from pipeline.evidence.keys import PublicKey, PublicKeyRing, SigningKey
from pipeline.evidence.manifest import Sha256Hex, ShortText, UtcTime, explain

SCENE_PAYLOAD_TYPE: Final = "application/vnd.tertib.scene+json;version=1"
SUFFIX: Final = ".sig.json"
MAX_SIGNATURE_BYTES: Final = 20_000


class SceneSignatureError(ValueError):
    """A signature that does not hold; the sentence says why and what to do."""


def _signature(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("is not base64") from error
    if len(raw) != 64:
        raise ValueError("is not 64 bytes long")
    return text


class SceneSignature(BaseModel):
    """What stands in the file beside a scene."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal["tertib.scene-signature/1"] = Field("tertib.scene-signature/1", alias="schema")
    scene: ShortText
    camera_id: ShortText
    version: int = Field(ge=1)
    version_sha256: Sha256Hex
    signer: ShortText
    signed_at: UtcTime
    keyid: Sha256Hex
    public_key_b64: str
    signature_b64: Annotated[str, AfterValidator(_signature)]

    def payload(self) -> bytes:
        """The bytes that are signed: all but the key and the signature, keys in order."""
        told = self.model_dump(mode="json", by_alias=True, exclude={"public_key_b64", "signature_b64"})
        return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def holds(self) -> bool:
        """Whether the signature was made with the key that is named."""
        try:
            key = PublicKey(
                keyid=self.keyid, public_key_b64=self.public_key_b64, camera_id="technician", valid_from=self.signed_at
            )
        except ValidationError:
            return False
        return key.is_signature(base64.b64decode(self.signature_b64), pae(self.payload(), SCENE_PAYLOAD_TYPE))


def signature_path(scene_file: Path) -> Path:
    """Where the signature of a scene file lies."""
    return scene_file.with_name(scene_file.name + SUFFIX)


def sign_scene(
    *, name: str, camera_id: str, version: int, version_sha256: str, signer: str, key: SigningKey, now: datetime
) -> SceneSignature:
    """Sign a version of a scene.

    Args:
        name: Of the scene.
        camera_id: Whose scene it is.
        version: Its number.
        version_sha256: Of its meaning, see `Scene.version_sha256`.
        signer: The technician, in words.
        key: The technician's own.
        now: Aware.

    Raises:
        SceneSignatureError: `signer` is empty, too long or holds control characters.
    """
    blank = base64.b64encode(bytes(64)).decode()
    try:
        unsigned = SceneSignature(
            schema="tertib.scene-signature/1",
            scene=name,
            camera_id=camera_id,
            version=version,
            version_sha256=version_sha256,
            signer=signer,
            signed_at=now,
            keyid=key.keyid,
            public_key_b64=base64.b64encode(key.public_key).decode(),
            signature_b64=blank,
        )
    except ValidationError as error:
        raise SceneSignatureError(explain(error)) from error
    signature = key.sign(pae(unsigned.payload(), SCENE_PAYLOAD_TYPE))
    return unsigned.model_copy(update={"signature_b64": base64.b64encode(signature).decode()})


def write_signature(scene_file: Path, signature: SceneSignature) -> Path:
    """Write a signature beside its scene; the old one is replaced in one step."""
    path = signature_path(scene_file)
    text = json.dumps(signature.model_dump(mode="json", by_alias=True), indent=1) + "\n"
    write_durably(path, text.encode())
    return path


def read_signature(scene_file: Path) -> SceneSignature | None:
    """The signature beside a scene file, or None where there is none.

    Raises:
        SceneSignatureError: It cannot be read, or was not made with the key that it names.
    """
    path = signature_path(scene_file)
    try:
        if not path.exists():
            return None
        if path.stat().st_size > MAX_SIGNATURE_BYTES:
            raise SceneSignatureError(f"{path}: is too large for a signature: sign the scene again")
        signature = SceneSignature.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SceneSignatureError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise SceneSignatureError(f"{path}: is no signature of a scene ({explain(error)}): sign it again") from error
    if not signature.holds():
        raise SceneSignatureError(f"{path}: the signature does not fit the key that it names: sign the scene again")
    return signature


def check_signature(signature: SceneSignature, *, version: int, version_sha256: str, scene_file: Path) -> None:
    """The signature is for this very scene.

    Raises:
        SceneSignatureError: The scene was changed since.
    """
    if signature.version_sha256 != version_sha256:
        raise SceneSignatureError(
            f"{scene_file}: was changed after {signature.signer} signed version {signature.version}: count `version` "
            f"up and sign it again, or remove {signature_path(scene_file).name}"
        )
    if signature.version != version:
        raise SceneSignatureError(f"{scene_file}: is version {version}, but version {signature.version} was signed")


def check_signer(signature: SceneSignature, ring: PublicKeyRing, *, scene_file: Path) -> None:
    """The signer's key is in a ring of technicians, and counted at that time.

    Raises:
        SceneSignatureError: It is not, or not any more.
    """
    key = ring.find(signature.keyid)
    short = signature.keyid[:12]
    if key is None:
        raise SceneSignatureError(f"{scene_file}: was signed with key {short}..., which is not in the ring")
    if key.revoked_at is not None:
        raise SceneSignatureError(f"{scene_file}: was signed with key {short}..., which was revoked")
    if signature.signed_at < key.valid_from or (key.valid_to is not None and signature.signed_at > key.valid_to):
        raise SceneSignatureError(f"{scene_file}: key {short}... did not count at {signature.signed_at:%Y-%m-%d %H:%M}")
