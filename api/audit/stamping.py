"""Time stamps over published heads (RFC 3161): somebody who is not the office says when a root was known.

The request and the outer form of the answer are few bytes of DER and are read here; whether a stamp was signed by an
authority that is trusted is left to OpenSSL, where everybody can check it again.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.audit.findings import Finding, Tampering
from api.audit.publishing import statement_bytes
from api.audit.tables import TreeHeadRow, TreeStampRow

MAX_ANSWER_BYTES = 64 * 1024
_OPENSSL_LIMIT_S = 30
_SEQUENCE, _INTEGER, _OCTETS, _TRUE = 0x30, 0x02, 0x04, b"\x01\x01\xff"
# AlgorithmIdentifier of SHA-256: its object identifier and a NULL.
_SHA256 = bytes.fromhex("300d06096086480165030402010500")
_GRANTED = {0, 1}


class StampError(RuntimeError):
    """There is no time stamp, or it cannot be checked; the sentence says why."""


class TimeStampAuthority(Protocol):
    """Who stamps."""

    @property
    def name(self) -> str:
        """Its name, as it is kept beside the stamp."""
        ...

    def stamp(self, data: bytes, nonce: int) -> bytes:
        """The authority's answer (DER, `TimeStampResp`) over these bytes.

        Raises:
            StampError: it gave none.
        """
        ...


def _der(tag: int, content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _parts(data: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and what follows of the first element.

    Raises:
        StampError: cut short, or in a form that DER does not have.
    """
    try:
        tag, size, start = data[0], data[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(data[2:start], "big")
    except IndexError as error:
        message = "the time stamp's answer is cut short"
        raise StampError(message) from error
    if len(data) < start + size or start > 6:
        message = "the time stamp's answer is cut short"
        raise StampError(message)
    return tag, data[start : start + size], data[start + size :]


def query(data: bytes, nonce: int) -> bytes:
    """A request (DER, `TimeStampReq`) for a stamp over the SHA-256 of these bytes, with the authority's certificate."""
    imprint = _der(_SEQUENCE, _SHA256 + _der(_OCTETS, hashlib.sha256(data).digest()))
    return _der(_SEQUENCE, _integer(1) + imprint + _integer(nonce) + _TRUE)


def granted(answer: bytes, data: bytes, nonce: int) -> bytes:
    """An answer that grants a stamp over these bytes for this request.

    Raises:
        StampError: it refuses, is malformed, or is about something else.
    """
    tag, body, rest = _parts(answer)
    _, status, token = _parts(body)
    kind, value, _ = _parts(status)
    if tag != _SEQUENCE or rest or kind != _INTEGER:
        message = "the authority's answer is no time stamp"
        raise StampError(message)
    if int.from_bytes(value, "big") not in _GRANTED or not token:
        message = f"the authority refuses to stamp (status {int.from_bytes(value, 'big')})"
        raise StampError(message)
    if _der(_OCTETS, hashlib.sha256(data).digest()) not in token or _integer(nonce) not in token:
        message = "the authority's stamp is over something else, or answers another request"
        raise StampError(message)
    return answer


@dataclass(frozen=True)
class HttpAuthority:
    """A time stamp authority over HTTP (RFC 3161, section 3.4).

    Attributes:
        url: its address.
        client: how it is reached; its time limit holds.
    """

    url: str
    client: httpx.Client

    @property
    def name(self) -> str:
        """Its address."""
        return self.url

    def stamp(self, data: bytes, nonce: int) -> bytes:
        """Ask for a stamp; the answer is checked to grant one over `data`."""
        try:
            answer = self.client.post(
                self.url, content=query(data, nonce), headers={"Content-Type": "application/timestamp-query"}
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            message = f"the time stamp authority {self.url} cannot be reached: {error}"
            raise StampError(message) from error
        if answer.status_code != httpx.codes.OK or len(answer.content) > MAX_ANSWER_BYTES:
            message = f"the time stamp authority {self.url} answered {answer.status_code}, {len(answer.content)} bytes"
            raise StampError(message)
        return granted(answer.content, data, nonce)


def stamp_head(
    session: Session, head: TreeHeadRow, authority: TimeStampAuthority, moment: datetime, nonce: int
) -> TreeStampRow:
    """Have a published head stamped, and keep the answer; one that this authority has stamped stays as it is.

    Args:
        session: an open transaction; the caller commits.
        head: the head.
        authority: who stamps.
        moment: the present, by the office's clock.
        nonce: a random number of up to 63 bits.

    Raises:
        StampError: no stamp was given.
    """
    held = session.get(TreeStampRow, (head.number, authority.name))
    if held is not None:
        return held
    token = authority.stamp(statement_bytes(head), nonce)
    row = TreeStampRow(number=head.number, authority=authority.name, stamped_at=moment, token=token)
    session.add(row)
    session.flush()
    return row


def verify_stamp(data: bytes, answer: bytes, authorities: Path) -> bool:
    """Whether a trusted authority stamped exactly these bytes, by OpenSSL.

    Args:
        data: the bytes.
        answer: the authority's answer.
        authorities: certificates (PEM) that are trusted.

    Raises:
        StampError: OpenSSL is not there, or the certificates are not.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        message = "checking time stamps needs the openssl command: apt install openssl"
        raise StampError(message)
    if not authorities.is_file():
        message = f"{authorities}: no file with trusted certificates there"
        raise StampError(message)
    with tempfile.TemporaryDirectory(prefix="tertib-stamp-") as folder:
        said, stamp = Path(folder, "statement"), Path(folder, "answer.tsr")
        said.write_bytes(data)
        stamp.write_bytes(answer)
        command = [openssl, "ts", "-verify", "-data", str(said), "-in", str(stamp), "-CAfile", str(authorities)]
        done = subprocess.run(command, capture_output=True, timeout=_OPENSSL_LIMIT_S, check=False)  # noqa: S603 - fixed
    return done.returncode == 0


def examine_stamps(session: Session, authorities: Path) -> Iterator[Finding]:
    """Check the stamp of every head that has one.

    Raises:
        StampError: they cannot be checked.
    """
    query_rows = (
        select(TreeHeadRow, TreeStampRow)
        .join(TreeStampRow, TreeStampRow.number == TreeHeadRow.number)
        .order_by(TreeHeadRow.number)
    )
    for head, stamp in session.execute(query_rows):
        if not verify_stamp(statement_bytes(head), stamp.token, authorities):
            yield Finding(
                Tampering.LOG_ALTERED,
                f"head {head.number} is not what {stamp.authority} stamped at {stamp.stamped_at.isoformat()}, "
                "or that authority is not trusted",
            )
