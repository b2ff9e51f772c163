"""`tertib scene sign|verify`: a technician's signature under a scene; kept beside `tertib scene`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline.evidence.errors import EvidenceError
from pipeline.evidence.keys import PublicKeyRing, SigningKey
from pipeline.scene import Scene, SceneError, load_scene
from pipeline.scene.signing import (
    SceneSignatureError,
    check_signer,
    sign_scene,
    signature_path,
    write_signature,
)

SceneFile = Annotated[Path, typer.Argument(metavar="SCENE.yaml", help="The scene file.")]
_TECHNICIAN = "technician"


def sign(
    scene_file: SceneFile,
    key: Annotated[Path, typer.Option(metavar="FILE", help="The technician's private key (PEM, Ed25519).")],
    signer: Annotated[str, typer.Option(help="Who signs, as it shall stand in the signature.")],
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make the key first, and put its public half into keys.json beside it.")
    ] = False,
) -> None:
    """Sign a scene's present version: packages then name the version and the key; any later change is noticed."""
    now = datetime.now(UTC)
    try:
        scene = _unsigned(scene_file)
        if new_key:
            made = SigningKey.generate()
            made.save(key)
            ring_file = key.parent / "keys.json"
            ring = PublicKeyRing.load(ring_file) if ring_file.exists() else PublicKeyRing()
            ring.with_key(made.public(_TECHNICIAN, valid_from=now)).save(ring_file)
        signature = sign_scene(
            name=scene.name,
            camera_id=scene.camera.id,
            version=scene.version,
            version_sha256=scene.version_sha256,
            signer=signer,
            key=SigningKey.load(key),
            now=now,
        )
        path = write_signature(scene_file, signature)
    except SceneSignatureError as error:
        raise typer.TyperException(f"--signer: {error}") from error
    except (SceneError, EvidenceError, OSError) as error:
        raise typer.TyperException(str(error)) from error
    sys.stdout.write(f"{path}: version {scene.version} of {scene.name}, key {signature.keyid[:12]}...\n")


def verify(
    scene_file: SceneFile,
    keys: Annotated[Path | None, typer.Option(metavar="FILE", help="Ring of the technicians' public keys.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check the signature beside a scene; with a ring of keys also whose it is. Exit code 1: it does not hold."""
    try:
        ring = PublicKeyRing.load(keys) if keys else None
    except EvidenceError as error:
        raise typer.TyperException(str(error)) from error
    scene, why = None, ""
    try:
        scene = load_scene(scene_file)
        signature = scene.signature
        if signature is None:
            why = f"{scene_file}: nobody signed it: run tertib scene sign {scene_file}"
        elif ring is not None:
            check_signer(signature, ring, scene_file=scene_file)
    except SceneSignatureError as error:
        why = str(error)
    except SceneError as error:
        if not isinstance(error.__cause__, SceneSignatureError):
            raise typer.TyperException(str(error)) from error
        why = str(error)
    signed = scene.signature if scene else None
    if as_json:
        told = {
            "scene": str(scene_file),
            "valid": not why,
            "why": why or None,
            "version": signed.version if signed else None,
            "signer": signed.signer if signed else None,
            "keyid": signed.keyid if signed else None,
            "signer_checked": ring is not None,
        }
        sys.stdout.write(json.dumps(told) + "\n")
    elif why:
        sys.stderr.write(f"{why}\n")
    elif signed:
        known = "the key is in the ring" if ring else "whose key it is was not checked (give --keys)"
        sys.stdout.write(f"{scene_file}: version {signed.version}, signed by {signed.signer}; {known}\n")
    if why:
        raise typer.Exit(1)


def _unsigned(scene_file: Path) -> Scene:
    """The scene, whatever an older signature beside it says: that one will be replaced."""
    try:
        return load_scene(scene_file)
    except SceneError as error:
        old = signature_path(scene_file)
        if not isinstance(error.__cause__, SceneSignatureError):
            raise
        old.unlink()
        return load_scene(scene_file)
