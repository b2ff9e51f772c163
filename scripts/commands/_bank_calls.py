"""What a bank tells in a bad hour: stories of calls, each with the answer it must get and the books it must leave."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from typing import Any, Final, Literal
from uuid import uuid4

from api.payments.callback import signature
from api.payments.codes import new_code
from scripts.commands._outside_office import BANK_SECRET, COMPANY

DUE_RUPIAH: Final = 500_000
_PART: Final = 200_000
_MORE: Final = 25_000
_OLD: Final = timedelta(minutes=6)
Flaw = Literal["", "key", "byte", "age", "content"]


@dataclass(frozen=True)
class Call:
    """One callback.

    Attributes:
        what: which sort of call, in words.
        document: what the bank tells.
        external_id: the message's own id; the same one with the same document is the same message again.
        status: HTTP status that it must get.
        outcome: what the office must say; empty where it is refused.
        repeated: whether the office must say that this very message had come before.
        flaw: what is wrong with it on purpose.
    """

    what: str
    document: dict[str, Any]
    external_id: str
    status: int = 200
    outcome: str = ""
    repeated: bool = False
    flaw: Flaw = ""

    def made(self) -> tuple[bytes, dict[str, str]]:
        """Body and headers, signed now."""
        body = json.dumps(self.document).encode()
        timestamp = (datetime.now(UTC) - (_OLD if self.flaw == "age" else timedelta())).isoformat()
        secret = BANK_SECRET[::-1] if self.flaw == "key" else BANK_SECRET
        headers = {
            "content-type": "application/json",
            "x-timestamp": timestamp,
            "x-external-id": self.external_id,
            "x-signature": signature(secret, timestamp=timestamp, external_id=self.external_id, body=body),
        }
        return body + b" " if self.flaw == "byte" else body, headers


@dataclass(frozen=True)
class Story:
    """Calls that belong together, one after the other, and what they leave.

    Attributes:
        calls: in order.
        code: the bill's virtual account.
        deposit_rupiah, refundable_rupiah: what the bill holds afterwards.
        unmatched_rupiah: money for no bill.
    """

    calls: tuple[Call, ...]
    code: str
    deposit_rupiah: int = 0
    refundable_rupiah: int = 0
    unmatched_rupiah: int = 0

    @property
    def cash_rupiah(self) -> int:
        """What lies at the bank afterwards."""
        return self.deposit_rupiah + self.refundable_rupiah + self.unmatched_rupiah


_NUMBERS: Final = count(1)


def _id() -> str:
    return f"ext-{next(_NUMBERS)}-{uuid4().hex[:12]}"


def _tells(code: str, amount: int, number: str, kind: str = "payment") -> dict[str, Any]:
    at = datetime.now(UTC).isoformat()
    told = {"payment_id": number, "virtual_account": code, "amount_rupiah": amount, "paid_at": at}
    return {"kind": kind, "channel": "teller", **told}


def _pays(code: str, amount: int = DUE_RUPIAH, outcome: str = "settled", what: str = "a payment") -> Call:
    return Call(what, _tells(code, amount, uuid4().hex), _id(), outcome=outcome)


def _settled(code: str) -> Story:
    return Story((_pays(code),), code, DUE_RUPIAH)


def _replayed(code: str) -> Story:
    first = _pays(code)
    again = Call("the very message again", first.document, first.external_id, outcome="settled", repeated=True)
    return Story((first, again), code, DUE_RUPIAH)


def _told_twice(code: str) -> Story:
    first = _pays(code)
    twice = Call("the payment in another message", first.document, _id(), outcome="duplicate")
    return Story((first, twice), code, DUE_RUPIAH)


def _contradicted(code: str) -> Story:
    first = _pays(code)
    other = {**first.document, "amount_rupiah": DUE_RUPIAH - 1}
    wrong = Call("another amount under the payment's number", other, _id(), 409, "conflict")
    return Story((first, wrong), code, DUE_RUPIAH)


def _reused(code: str) -> Story:
    first = _pays(code, _PART, "underpaid", "too little")
    other = _tells(code, 1, uuid4().hex)
    wrong = Call("another payment under the message's id", other, first.external_id, 409, "reused_id")
    return Story((first, wrong), code, _PART)


def _in_parts(code: str) -> Story:
    parts = (_pays(code, _PART, "underpaid", "too little"), _pays(code, DUE_RUPIAH - _PART, "settled", "the rest"))
    return Story(parts, code, DUE_RUPIAH)


def _too_much(code: str) -> Story:
    return Story((_pays(code, DUE_RUPIAH + _MORE, "overpaid", "too much"),), code, DUE_RUPIAH, _MORE)


def _paid_again(code: str) -> Story:
    return Story((_pays(code), _pays(code, DUE_RUPIAH, "paid_again", "paid again")), code, DUE_RUPIAH, DUE_RUPIAH)


def _reversed(code: str) -> Story:
    first = _pays(code)
    number = first.document["payment_id"]
    back = Call("a payment taken back", _tells(code, DUE_RUPIAH, number, "reversal"), _id(), outcome="reversed")
    twice = Call("taken back twice", back.document, _id(), outcome="duplicate")
    return Story((first, back, twice), code)


def _out_of_order(code: str) -> Story:
    number = uuid4().hex
    back = _tells(code, DUE_RUPIAH, number, "reversal")
    first = Call("a reversal before its payment", back, _id(), outcome="reversal_waits")
    payment = _tells(code, DUE_RUPIAH, number)
    return Story((first, Call("the payment after it", payment, _id(), outcome="reversed_at_once")), code)


def _unmatched(code: str) -> Story:
    return Story((_pays(new_code(COMPANY), DUE_RUPIAH, "unmatched", "for no bill"),), code, 0, 0, DUE_RUPIAH)


def _refused(flaw: Flaw, what: str, status: int) -> Callable[[str], Story]:
    def story(code: str) -> Story:
        document = _tells(code, 0 if flaw == "content" else DUE_RUPIAH, uuid4().hex)
        return Story((Call(what, document, _id(), status, flaw=flaw),), code)

    return story


STORIES: Final[tuple[Callable[[str], Story], ...]] = (
    _settled,
    _replayed,
    _told_twice,
    _contradicted,
    _reused,
    _in_parts,
    _too_much,
    _paid_again,
    _reversed,
    _out_of_order,
    _unmatched,
    _refused("key", "another key", 401),
    _refused("byte", "a byte changed on its way", 401),
    _refused("age", "a recording of an old message", 401),
    _refused("content", "no amount", 422),
)


def stories(codes: Iterator[str], calls: int) -> Iterator[Story]:
    """Stories of every sort in turn, each on a bill of its own, until they hold so many calls."""
    kinds, made = cycle(STORIES), 0
    while made < calls:
        story = next(kinds)(next(codes))
        made += len(story.calls)
        yield story
