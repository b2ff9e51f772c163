"""Photos that a channel keeps for us, fetched by a job: from the hosts it names, once, cleaned before they are kept.

A link comes from outside, so nothing of our own network is reached by it: https only, no redirect followed, the host
must be one of the channel's own (Open311's may be any, but its address must be a public one, and is used as looked up).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from api.attachments.cleaning import (
    MAX_BYTES,
    AttachmentTooLargeError,
    AttachmentUnreadableError,
    accept_attachment,
)
from api.attachments.service import attach
from api.complaints.service import CITIZEN
from api.database import Database
from api.outbox.outside import Outside
from api.outbox.sending import Effect, SendingFailed, SendingRefused
from api.store.kinds import SYSTEM, Audience
from api.store.service import append
from api.store.tables import CaseRow

_META_HOSTS: Final = (".fbcdn.net", ".fbsbx.com", ".facebook.com", ".cdninstagram.com", ".whatsapp.net")
_TIMEOUT_S: Final = 15.0
# Where a host name leads to; raises OSError when it leads nowhere.
Lookup = Callable[[str], str]


def public_address(host: str) -> str:
    """One public address of a host.

    Raises:
        SendingRefused: it leads into a private network.
        OSError: it leads nowhere.
    """
    found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    for address in found:
        if not ipaddress.ip_address(address).is_global:
            raise SendingRefused(f"{host} leads to {address}, which is no public address")
    return min(found)


class MediaFetcher:
    """Sends effects of the kind `channel_media`: fetches a file and keeps it with its case.

    Args:
        database: the office's.
        outside: WhatsApp's and Meta's addresses and keys.
        lookup: where a host name leads.
        client: the HTTP client; by default one of its own.
    """

    def __init__(
        self,
        database: Database,
        outside: Outside,
        *,
        lookup: Lookup = public_address,
        client: httpx.Client | None = None,
    ) -> None:
        self._database = database
        self._outside = outside
        self._lookup = lookup
        self._client = client or httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False)

    def __call__(self, effect: Effect) -> str:
        """Fetch, clean and keep; what came of it.

        Raises:
            SendingFailed: away or slow; later may help.
            SendingRefused: not there, or not from where it should be.
        """
        body = effect.body
        try:
            data = self._fetched(str(body["channel"]), str(body.get("id", "")), str(body.get("url", "")))
        except httpx.HTTPError as error:
            raise SendingFailed(f"the file cannot be fetched: {type(error).__name__}") from error
        except OSError as error:
            raise SendingFailed(f"the file's host is not found: {error}") from error
        case_id = UUID(str(body["case"]))
        try:
            kept = accept_attachment(str(body.get("name", "photo")), data)
        except (AttachmentTooLargeError, AttachmentUnreadableError) as error:
            with self._database.session() as session:
                told = {"text": f"Lampiran ditolak / a file was refused: {error}"}
                append(session, case_id, "note", actor=SYSTEM, body=told, audience=Audience.INTERNAL)
            return f"refused: {error}"
        with self._database.session() as session:
            attach(session, session.get_one(CaseRow, case_id), kept, actor=CITIZEN)
        return kept.sha256

    def _fetched(self, channel: str, media_id: str, url: str) -> bytes:
        headers: dict[str, str] = {}
        if channel == "whatsapp":
            system = self._outside.whatsapp
            if system is None:
                raise SendingRefused("this office is not connected to WhatsApp")
            headers["Authorization"] = f"Bearer {system.token}"
            found = self._client.get(f"{system.url.rstrip('/')}/{media_id}", headers=headers)
            _check(found)
            try:
                url = str(found.json()["url"])
            except (ValueError, LookupError, TypeError) as error:
                raise SendingFailed("WhatsApp's answer holds no link of the file") from error
            self._check_host(url, system.url)
        elif channel in {"messenger", "instagram", "comment", "instagram_comment"}:
            self._check_host(url, None if self._outside.meta is None else self._outside.meta.url)
        else:
            return self._from_anywhere(url)
        return self._read(url, headers)

    @staticmethod
    def _check_host(url: str, own: str | None) -> None:
        parts = urlsplit(url)
        same = own is not None and (parts.scheme, parts.netloc) == urlsplit(own)[:2]
        meta = parts.scheme == "https" and f".{parts.hostname or ''}".endswith(_META_HOSTS)
        if not same and not meta:
            raise SendingRefused(f"the file lies at {parts.hostname}, which is none of the channel's hosts")

    def _from_anywhere(self, url: str) -> bytes:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username or parts.port not in {None, 443}:
            raise SendingRefused("only plain https:// links are fetched")
        # The address is looked up once and used: a name cannot lead somewhere else the second time.
        address = self._lookup(parts.hostname)
        literal = f"[{address}]" if ":" in address else address
        target = f"https://{literal}{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        return self._read(target, {"Host": parts.hostname}, {"sni_hostname": parts.hostname})

    def _read(self, url: str, headers: dict[str, str], extensions: dict[str, str] | None = None) -> bytes:
        got = bytearray()
        with self._client.stream("GET", url, headers=headers, extensions=extensions or {}) as answer:
            _check(answer)
            for piece in answer.iter_bytes():
                got += piece
                if len(got) > MAX_BYTES:
                    break  # one byte too many is enough to refuse it
        return bytes(got)


def _check(answer: httpx.Response) -> None:
    if answer.status_code >= 500 or answer.status_code == 429:
        raise SendingFailed(f"the file's host answers {answer.status_code}")
    if not answer.is_success:
        raise SendingRefused(f"the file's host answers {answer.status_code}")
