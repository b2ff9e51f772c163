"""A box comes to be trusted: a one-time code for a key of its own, a change of keys, and the head of a lost chain."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import BaseModel, ValidationError

from pipeline.delivery.errors import SpoolError
from pipeline.evidence.keys import SigningKey
from pipeline.evidence.manifest import ChainLink


class EnrolmentFailed(SpoolError):  # noqa: N818 - reads as what happened
    """The office did not do it; the sentence says why."""


class _Enrolled(BaseModel):
    camera_id: str
    token: str
    sequence: int
    previous_sha256: str | None


class _Head(BaseModel):
    camera_id: str
    sequence: int
    previous_sha256: str | None


@dataclass(frozen=True)
class OfficeDoor:
    """The office's enrolment, over HTTP.

    Args:
        office_url: The office's address.
        client: An httpx client with its time limits set.
    """

    office_url: str
    client: httpx.Client

    def enrol(self, code: str, keys: Path, expected_camera: str) -> ChainLink:
        """Spend a code: afterwards the folder holds the camera's key and token.

        Args:
            code: From the office.
            keys: Folder of keys; gets `CAMERA.pem` and `CAMERA.token`.
            expected_camera: The camera that the code should be for.

        Returns:
            The next place in the camera's chain.

        Raises:
            EnrolmentFailed: The office refused, or is not there.
        """
        key = SigningKey.generate()
        plain = "".join(c for c in code.upper() if c.isalnum())
        # On the disk before the code is spent: a power cut then costs a new code, never a key that nobody holds.
        fresh = keys / f"{expected_camera}.fresh.pem"
        fresh.unlink(missing_ok=True)
        key.save(fresh)
        body = {
            "code": code,
            "public_key_b64": _b64(key.public_key),
            "signature_b64": _b64(key.sign(f"tertib enrolment 1\n{plain}".encode())),
        }
        try:
            answer = _Enrolled.model_validate(self._ask("POST", "", body=body))
        except ValidationError as error:
            raise EnrolmentFailed(f"{self.office_url} answered, but not as an office does") from error
        if answer.camera_id != expected_camera:
            raise EnrolmentFailed(
                f"the code is for camera {answer.camera_id}, not for {expected_camera}: it is spent, ask for a new one"
            )
        fresh.replace(keys / f"{expected_camera}.pem")
        _write_secret(keys / f"{expected_camera}.token", answer.token)
        return ChainLink(sequence=answer.sequence, previous_sha256=answer.previous_sha256)

    def change_key(self, camera_id: str, keys: Path, token: str) -> str:
        """Replace the camera's key; the old one is kept beside it until the office has answered.

        Returns:
            The new key's id.

        Raises:
            EnrolmentFailed: The office refused, or is not there: the old key goes on.
        """
        path, fresh = keys / f"{camera_id}.pem", keys / f"{camera_id}.fresh.pem"
        old, new = SigningKey.load(path), SigningKey.generate()
        fresh.unlink(missing_ok=True)
        new.save(fresh)
        message = f"tertib key change 1\n{camera_id}\n{old.keyid}\n{new.keyid}".encode()
        body = {
            "public_key_b64": _b64(new.public_key),
            "by_new_b64": _b64(new.sign(message)),
            "by_old_b64": _b64(old.sign(message)),
        }
        self._ask("POST", "/key", body=body, token=token)
        path.replace(keys / f"{camera_id}.{old.keyid[:12]}.old.pem")
        fresh.replace(path)
        return new.keyid

    def head(self, camera_id: str, token: str) -> ChainLink:
        """The next place in the camera's chain, by the office's books.

        Raises:
            EnrolmentFailed: The office refused, or is not there.
        """
        try:
            answer = _Head.model_validate(self._ask("GET", "/head", token=token))
        except ValidationError as error:
            raise EnrolmentFailed(f"{self.office_url} answered, but not as an office does") from error
        if answer.camera_id != camera_id:
            raise EnrolmentFailed(f"the token is that of camera {answer.camera_id}, not of {camera_id}")
        return ChainLink(sequence=answer.sequence, previous_sha256=answer.previous_sha256)

    def _ask(self, method: str, path: str, *, body: dict[str, str] | None = None, token: str = "") -> object:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.office_url.rstrip('/')}/v1/enrolment{path}"
        try:
            answer = self.client.request(method, url, json=body, headers=headers)
            told = answer.json()
        except httpx.RequestError as error:
            raise EnrolmentFailed(f"the office at {url} cannot be reached: {error or type(error).__name__}") from error
        except ValueError as error:
            raise EnrolmentFailed(f"{url} did not answer as an office does: check the address") from error
        if answer.is_success:
            return told
        detail = told.get("detail") if isinstance(told, dict) else None
        raise EnrolmentFailed(f"the office refused ({answer.status_code}): {str(detail or 'no reason given')[:300]}")


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _write_secret(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
