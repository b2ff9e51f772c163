"""Why the intake does not take a package."""

from __future__ import annotations

from api.problems import BadRequest, Conflict, Forbidden, NotSignedIn, Unprocessable


class CameraUnknown(NotSignedIn):
    """The bearer token is absent or no camera's."""

    code = "camera-unknown"
    title = "Unknown camera"

    def __init__(self) -> None:
        super().__init__(
            "The bearer token is absent or no camera's: register the camera with `tertib office add-camera`."
        )


class CameraOff(Forbidden):
    """The camera is known but switched off."""

    code = "camera-off"
    title = "The camera is switched off"


class DigestMismatch(BadRequest):
    """Content-Digest is absent, or the bytes that arrived are others."""

    code = "digest-mismatch"
    title = "The bytes were damaged on their way"


class PackageConflict(Conflict):
    """The package contradicts one that the office holds: same id with other bytes, or a fork of the camera's chain.

    Args:
        detail: the sentence.
        step: `package_id` or `chain`.
    """

    code = "package-conflict"
    title = "The package contradicts another one"

    def __init__(self, detail: str, *, step: str) -> None:
        super().__init__(detail, step=step, why=detail)
        self.step = step


class EvidenceRefused(Unprocessable):
    """The evidence does not verify.

    Args:
        step: the step of the verification that failed.
        why: what was found.
        code: what was found, for programs: one of `pipeline.evidence.errors.Refusal`, or `jurisdiction-unknown`.
    """

    code = "evidence-refused"
    title = "The evidence is refused"

    def __init__(self, step: str, why: str, *, code: str) -> None:
        super().__init__(f"The evidence is refused at the step {step!r}: {why}.", step=step, why=why, refusal=code)
        self.step = step
        self.why = why
