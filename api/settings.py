"""What an office is told from outside: folders, addresses and limits. Every value has a default that is safe."""

from __future__ import annotations

import contextlib
import os
import secrets
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

REPOSITORY = Path(__file__).resolve().parents[1]
MIN_SECRET_LENGTH = 32
_DEFAULTS_REFUSED = frozenset({"secret", "changeme", "change-me", "password", "tertib", "default", "test"})


class SettingsError(ValueError):
    """A setting is absent or unsafe; the sentence names it."""


class Settings(BaseModel):
    """Settings of one office."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    home: Path = Field(title="Home", description="Folder of the office's data: database, evidence, secrets.")
    database_url: str | None = Field(
        None, title="Database", description="postgresql:// address with the owner's rights; empty: the embedded server."
    )
    app_database_url: str | None = Field(
        None, title="Database of the application", description="postgresql:// address of the role tertib_app."
    )
    jurisdictions: Path = Field(REPOSITORY / "samples" / "jurisdictions", title="Folder of jurisdiction files")
    public_url: str = Field(
        "http://127.0.0.1:8000",
        title="Public address",
        description="Stands in letters and QR codes; no slash at its end.",
        max_length=200,
        pattern=r"^https?://[^\s/?#]+$",
    )
    max_body_bytes: int = Field(12 * 1024 * 1024, ge=1024, title="Largest form", description="Bytes.")
    max_package_bytes: int = Field(64 * 1024 * 1024, ge=1024, title="Largest evidence package", description="Bytes.")
    session_hours: int = Field(10, ge=1, le=24, title="Sign-in lasts", description="Hours.")
    sweep_seconds: float = Field(
        5.0, gt=0, le=3600, title="Pause between two looks for passed deadlines", description="s"
    )
    trusted_proxies: tuple[str, ...] = Field(
        (), title="Trusted proxies", description="Addresses whose X-Forwarded-For names the client."
    )

    @classmethod
    def from_environment(cls, home: Path | None = None) -> Settings:
        """Settings from the environment.

        `TERTIB_HOME`, `TERTIB_DATABASE_URL`, `TERTIB_DATABASE_APP_URL`, `TERTIB_JURISDICTIONS`, `TERTIB_PUBLIC_URL`,
        `TERTIB_TRUSTED_PROXIES` (addresses, separated by commas).

        Raises:
            SettingsError: a value does not fit.
        """
        values: dict[str, object] = {
            "home": (home or Path(os.environ.get("TERTIB_HOME") or REPOSITORY / "var")).expanduser().resolve()
        }
        for key, variable in (
            ("database_url", "TERTIB_DATABASE_URL"),
            ("app_database_url", "TERTIB_DATABASE_APP_URL"),
            ("jurisdictions", "TERTIB_JURISDICTIONS"),
            ("public_url", "TERTIB_PUBLIC_URL"),
        ):
            if os.environ.get(variable):
                values[key] = os.environ[variable]
        proxies = os.environ.get("TERTIB_TRUSTED_PROXIES", "")
        if proxies:
            values["trusted_proxies"] = tuple(one.strip() for one in proxies.split(",") if one.strip())
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            message = f"setting {first['loc'][0]}: {first['msg']}"
            raise SettingsError(message) from error

    @property
    def secure(self) -> bool:
        """Whether cookies are sent over https only."""
        return self.public_url.startswith("https://")

    @property
    def evidence(self) -> Path:
        """Folder of the evidence files."""
        return self.home / "evidence"

    @cached_property
    def secret(self) -> bytes:
        """The office's secret, made on first use and kept in `secret.key` (0600), or given by `TERTIB_SECRET`.

        Raises:
            SettingsError: too short, or a word that everybody knows.
        """
        given = os.environ.get("TERTIB_SECRET")
        if given is not None:
            if len(given) < MIN_SECRET_LENGTH or given.lower() in _DEFAULTS_REFUSED:
                message = (
                    f"TERTIB_SECRET must have {MIN_SECRET_LENGTH} characters or more: "
                    "make one with `openssl rand -hex 32`"
                )
                raise SettingsError(message)
            return given.encode()
        return kept_secret(self.home / "secret.key").encode()


def kept_secret(path: Path) -> str:
    """A random secret kept in a file of mode 0600, made on first use; two processes agree on one.

    Raises:
        SettingsError: the file is readable by others, empty or too short.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_urlsafe(48))
            stream.flush()
            os.fsync(stream.fileno())
        # A link appears whole or not at all, and the first of two processes wins.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(temporary)
        temporary.unlink()
    if path.stat().st_mode & 0o077:
        message = f"{path}: readable by others; run `chmod 600 {path}`"
        raise SettingsError(message)
    value = path.read_text().strip()
    if len(value) < MIN_SECRET_LENGTH:
        message = f"{path}: too short to be a secret; remove the file and start again"
        raise SettingsError(message)
    return value
