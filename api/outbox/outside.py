"""Which systems outside this office is connected to: `outside.yaml` in its home folder. Without it: embedded defaults.

Secrets stand in this file, so it must not be readable by others (mode 0600), or in files that it names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from api.settings import Settings, SettingsError, kept_secret

FILE: Final = "outside.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RegisterSystem(_Part):
    """The vehicle register of the police or of the revenue office, over HTTPS."""

    url: str = Field(title="Address", description="Base address; /vehicles/{plate} and /blocks lie below it.")
    token: str = Field(title="Bearer token", repr=False)
    timeout_s: float = Field(2.0, gt=0, le=30, title="Patience", description="s a try")
    tries: int = Field(3, ge=1, le=6, title="Tries")


class MailSystem(_Part):
    """The mail server that takes our letters."""

    host: str
    port: int = Field(587, ge=1, le=65535)
    user: str | None = None
    password: str | None = Field(None, repr=False)
    tls: bool = Field(True, title="STARTTLS", description="Off only for a server on this machine.")
    sender: str = Field(title="Sender", description="Address that our messages come from.")
    timeout_s: float = Field(20.0, gt=0, le=120)


class WhatsAppSystem(_Part):
    """WhatsApp Business, Cloud API."""

    url: str = Field("https://graph.facebook.com/v23.0", title="Address")
    phone_number_id: str
    display_number: str = Field(title="Our number as citizens see it")
    token: str = Field(repr=False)
    app_secret: str = Field(repr=False, description="Key of X-Hub-Signature-256.")
    verify_token: str = Field(repr=False, description="Told to Meta when the webhook is registered.")
    template: str = Field("tertib_notice", description="Name of the approved message template.")
    answer_template: str | None = Field(
        None, description="Approved template with one parameter, for answers more than 24 hours after a citizen wrote."
    )
    timeout_s: float = Field(10.0, gt=0, le=60)


class MetaSystem(_Part):
    """Our Facebook page and Instagram account, by Meta's Graph API."""

    url: str = Field("https://graph.facebook.com/v23.0", title="Address")
    token: str = Field(repr=False, description="Access token of the page.")
    app_secret: str = Field(repr=False, description="Key of X-Hub-Signature-256.")
    verify_token: str = Field(repr=False, description="Told to Meta when the webhook is registered.")
    timeout_s: float = Field(10.0, gt=0, le=60)


class RelaySystem(_Part):
    """Another system that hands complaints on to us and takes our answers (SP4N-LAPOR!, text messages)."""

    secret: str = Field(repr=False, min_length=32, description="Key of X-Tertib-Signature, both ways.")
    answers_url: str | None = Field(None, description="Where answers are posted; empty: it takes none.")


class Open311(_Part):
    """Who may file requests by Open311."""

    api_keys: dict[str, str] = Field(
        default_factory=dict, repr=False, description="Name of a client: its key. Empty: anybody may, within a limit."
    )


class BankSystem(_Part):
    """The bank that takes payments by virtual account and QRIS."""

    company_code: str = Field("88810", pattern=r"^[0-9]{5}$", title="Company code", description="First five digits.")
    hmac_secret: str = Field(repr=False, min_length=32, description="Key of the callbacks' HMAC.")
    url: str | None = Field(None, description="Where refunds are ordered; empty: written to a folder.")
    merchant_name: str = Field("TERTIB TITIPAN DENDA", max_length=25)
    merchant_city: str = Field("SEMARANG", max_length=15)
    merchant_id: str = Field("ID1020026112401", pattern=r"^[A-Z0-9]{8,15}$", title="NMID")
    category: str = Field("9222", pattern=r"^[0-9]{4}$", title="Merchant category", description="9222: fines.")
    postal_code: str = Field("50243", pattern=r"^[0-9]{5}$")


class Outside(_Part):
    """All systems outside; None: the embedded default."""

    register_system: RegisterSystem | None = Field(None, alias="register")
    mail: MailSystem | None = None
    whatsapp: WhatsAppSystem | None = None
    meta: MetaSystem | None = None
    relays: dict[str, RelaySystem] = Field(default_factory=dict, description="By a short name.")
    open311: Open311 = Field(default_factory=Open311)
    mail_addresses: tuple[str, ...] = Field(
        (), description="Addresses that take complaints by mail (`tertib mail`); empty: the sender's own."
    )
    mail_authority: str = Field(
        "",
        description=(
            "Name under which our own mail server writes `Authentication-Results` (SPF, DKIM, DMARC) into mail that it "
            "hands on; it must remove such headers that others wrote under it. Empty: senders are not checked."
        ),
    )
    bank: BankSystem
    letters: Path = Field(description="Folder that letters for the post are put into.")
    senders: tuple[str, ...] = Field((), description="Other addresses and numbers that official messages come from.")

    @model_validator(mode="after")
    def _with_own_senders(self) -> Self:
        own = [*self.senders]
        if self.mail is not None:
            own.append(self.mail.sender)
        if self.whatsapp is not None:
            own.append(self.whatsapp.display_number)
        object.__setattr__(self, "senders", tuple(dict.fromkeys(own)))
        return self


def load_outside(settings: Settings) -> Outside:
    """Read `outside.yaml`; what it leaves out is embedded.

    Raises:
        SettingsError: it cannot be read, is readable by others, or a value does not fit; the sentence names it.
    """
    path = settings.home / FILE
    given: dict[str, object] = {}
    if path.exists():
        if path.stat().st_mode & 0o077:
            message = f"{path}: readable by others, and it holds secrets; run `chmod 600 {path}`"
            raise SettingsError(message)
        try:
            read = yaml.safe_load(path.read_text("utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            message = f"{path}: cannot be read ({' '.join(str(error).split())})"
            raise SettingsError(message) from error
        if not isinstance(read, dict):
            message = f"{path}: expected `register:`, `mail:`, `whatsapp:`, `bank:`, `letters:` lines"
            raise SettingsError(message)
        given = read
    given.setdefault("letters", settings.home / "post")
    given.setdefault("bank", {"hmac_secret": kept_secret(settings.home / "bank.key")})
    try:
        return Outside.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        message = f"{path}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
        raise SettingsError(message) from error
