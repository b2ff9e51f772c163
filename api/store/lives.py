"""The life of each kind of case: state -> event -> state. Plain data; `api.store.transitions` freezes it.

An event that leads to its own state is something that is told; every other one is a step.
"""

from __future__ import annotations

from typing import Final

NEW: Final = "new"
Table = dict[str, dict[str, str]]

# Events that leave every state (but the unborn one) as it is: remarks, what the clocks do, and what goes out.
ALWAYS: Final = (
    "note",
    "clock_overdue",
    "clock_computed",
    "clock_moved",
    "escalated",
    "letter_made",
    "letter_sent",
    "linked",
    "message_queued",
    "message_sent",
    "message_delivered",
    "message_failed",
)


def _told(state: str, *events: str) -> dict[str, str]:
    return dict.fromkeys(events, state)


_REGISTER = ("register_matched", "register_mismatched", "register_unavailable")

VIOLATION: Final[Table] = {
    NEW: {"opened": "awaiting_review"},
    "awaiting_review": {
        "approved": "approved",
        "rejected": "rejected",
        **_told("awaiting_review", "plate_corrected", "skipped", "second_read", *_REGISTER),
    },
    # Validated. `undone`: within a short window, by whoever decided, as if nothing had been said yet.
    "approved": {
        "undone": "awaiting_review",
        "dismissed": "dismissed",
        **_told("approved", "ticket_opened", "second_read", *_REGISTER),
    },
    "rejected": {
        "undone": "awaiting_review",
        "reinstated": "awaiting_review",
        **_told("rejected", "second_read"),
    },
    "dismissed": {},
}

_LETTERS = ("notice_made", "notice_sent", "notice_received", "notice_failed")
_MONEY_IN = ("payment_expected", "payment_received")
_MONEY_BACK = ("refund_claimed", "refund_proposed", "refund_approved", "refunded")

TICKET: Final[Table] = {
    NEW: {"opened": "issued"},
    # The letter has not left, or came back: nothing can be held against an owner who was not reached.
    "issued": {
        "notice_sent": "notified",
        "notice_received": "notified",
        "confirmed": "confirmed",
        "denied": "denied",
        "contested": "contested",
        "cancelled": "cancelled",
        "paid": "paid",
        "withdrawn": "withdrawn",
        **_told("issued", "notice_made", "notice_failed", *_MONEY_IN),
    },
    "notified": {
        "notice_returned": "issued",
        "confirmed": "confirmed",
        "denied": "denied",
        "contested": "contested",
        "fell_silent": "silent",
        "cancelled": "cancelled",
        "paid": "paid",
        "sent_to_court": "court",
        **_told("notified", *_LETTERS, *_MONEY_IN),
    },
    # Confirming is not admitting.
    "confirmed": {
        "contested": "contested",
        "liability_moved": "moved",
        "blocked": "blocked",
        "cancelled": "cancelled",
        "paid": "paid",
        "sent_to_court": "court",
        **_told("confirmed", *_LETTERS, *_MONEY_IN),
    },
    # "Sold" or "never mine": a person looks; no clock blocks whoever says so.
    "denied": {
        "denial_refused": "due",
        "liability_moved": "moved",
        "contested": "contested",
        "cancelled": "cancelled",
        "paid": "paid",
        **_told("denied", *_LETTERS, *_MONEY_IN),
    },
    "silent": {
        "notice_returned": "issued",
        "confirmed": "confirmed",
        "denied": "denied",
        "contested": "contested",
        "blocked": "blocked",
        "cancelled": "cancelled",
        "paid": "paid",
        "sent_to_court": "court",
        **_told("silent", *_LETTERS, *_MONEY_IN),
    },
    # Nothing leaves this state but the lifting of the block, so that no case goes on and leaves a block behind.
    "blocked": {
        "unblocked": "due",
        **_told("blocked", "unblock_proposed", *_LETTERS, *_MONEY_IN),
    },
    # Owed and not blocked: after a block was lifted, a payment reversed, a contest withdrawn, a ticket reinstated.
    "due": {
        "confirmed": "confirmed",
        "denied": "denied",
        "contested": "contested",
        "contest_reopened": "contested",
        "liability_moved": "moved",
        "blocked": "blocked",
        "cancelled": "cancelled",
        "paid": "paid",
        "sent_to_court": "court",
        **_told("due", *_LETTERS, *_MONEY_IN),
    },
    # An open contest: there is no way from here to `blocked`.
    "contested": {
        "upheld": "upheld",
        "cancelled": "cancelled",
        "liability_moved": "moved",
        "contest_withdrawn": "due",
        **_told("contested", *_MONEY_IN),
    },
    "upheld": {
        "contest_reopened": "contested",
        "blocked": "blocked",
        "cancelled": "cancelled",
        "paid": "paid",
        "sent_to_court": "court",
        **_told("upheld", "confirmed", *_LETTERS, *_MONEY_IN),
    },
    "court": {
        "judged": "judged",
        "cancelled": "cancelled",
        "paid": "paid",
        **_told("court", "hearing_set", *_MONEY_IN),
    },
    # Judged before it was paid: the fine is the court's, nothing more is contested here; no fine: it is over.
    "judged": {
        "paid": "settled",
        "closed": "closed",
        "blocked": "enforced",
        **_told("judged", "fine_due", *_LETTERS, *_MONEY_IN),
    },
    # Blocked for the court's fine: as `blocked`, but what was judged stays judged.
    "enforced": {
        "unblocked": "judged",
        **_told("enforced", "unblock_proposed", *_LETTERS, *_MONEY_IN),
    },
    # The deposit (the maximum fine) is paid; the court may find for less.
    "paid": {
        "payment_reversed": "due",
        "judged": "settled",
        "cancelled": "cancelled",
        "closed": "closed",
        **_told("paid", "hearing_set", *_MONEY_IN, *_MONEY_BACK),
    },
    # Paid and judged: what is left of the deposit can be fetched for a year.
    "settled": {
        "payment_reversed": "judged",
        "refund_expired": "closed",
        "closed": "closed",
        **_told("settled", *_MONEY_IN, *_MONEY_BACK),
    },
    "cancelled": {"reinstated": "due", **_told("cancelled", *_MONEY_IN, *_MONEY_BACK)},
    # Another person answers for it, in a case of their own.
    "moved": {"reinstated": "due", **_told("moved", *_MONEY_IN, *_MONEY_BACK)},
    # The decision was undone before anything had left the office.
    "withdrawn": {},
    "closed": _told("closed", *_MONEY_IN),
}

# A vehicle is blocked for a ticket in these states.
BLOCKED: Final = frozenset({"blocked", "enforced"})

CONTEST: Final[Table] = {
    NEW: {"opened": "open"},
    "open": {
        "answered": "answered",
        "withdrawn": "closed",
        **_told("open", "acknowledged", "message", "attached", "redirected"),
    },
    "answered": {
        "reopened": "open",
        "closed": "closed",
        **_told("answered", "message", "attached", "answered"),
    },
    "closed": {"reopened": "open", "rated": "closed"},
}

COMPLAINT: Final[Table] = {
    NEW: {"opened": "open"},
    "open": {
        "answered": "answered",
        "refused": "refused",
        "merged": "merged",
        "withdrawn": "closed",
        **_told("open", "acknowledged", "message", "attached", "redirected"),
    },
    "answered": {
        "reopened": "open",
        "closed": "closed",
        **_told("answered", "message", "attached", "answered"),
    },
    # By whom and why stands in the event, for everybody to read.
    "refused": {"reopened": "open", "closed": "closed", **_told("refused", "message", "attached")},
    # The same thing was told before: it follows that case, and its own clocks run until a person answers.
    "merged": {"separated": "open", "withdrawn": "closed", **_told("merged", "answered", "message", "attached")},
    "closed": {"reopened": "open", "rated": "closed"},
}

CORRECTION: Final[Table] = {
    NEW: {"opened": "open"},
    "open": {
        "corrected": "corrected",
        "refused": "refused",
        "withdrawn": "closed",
        **_told("open", "acknowledged", "identity_checked", "message", "attached", "redirected"),
    },
    "corrected": {"reopened": "open", "closed": "closed", **_told("corrected", "message", "attached")},
    "refused": {"reopened": "open", "closed": "closed", **_told("refused", "message", "attached")},
    "closed": {"reopened": "open", "rated": "closed"},
}

_QUEUE = ("queued", "called", "missed_call")

REQUEST: Final[Table] = {
    NEW: {"opened": "open"},
    "open": {
        "accepted": "in_process",
        "found_incomplete": "incomplete",
        "refused": "refused",
        "withdrawn": "closed",
        **_told("open", "acknowledged", "item_received", "message", "attached", "redirected", *_QUEUE),
    },
    # The applicant's turn: a clock of the office stands still meanwhile where its policy says so.
    "incomplete": {
        "completed": "open",
        "refused": "refused",
        "lapsed": "closed",
        "withdrawn": "closed",
        **_told("incomplete", "item_received", "message", "attached", *_QUEUE),
    },
    "in_process": {
        "found_incomplete": "incomplete",
        "granted": "granted",
        "refused": "refused",
        "withdrawn": "closed",
        **_told("in_process", "item_received", "message", "attached", "redirected", "disposed", "reported", *_QUEUE),
    },
    "granted": {"handed_over": "closed", **_told("granted", "message", "attached", *_QUEUE)},
    "refused": {"reopened": "open", "closed": "closed", **_told("refused", "message", "attached")},
    "closed": {"reopened": "open", "rated": "closed"},
}

LETTER: Final[Table] = {
    NEW: {"opened": "open"},
    "open": {"registered": "registered", "drafted": "draft", **_told("open", "attached")},
    # In: numbered in the agenda, then passed down a chain, each step with its deadline.
    "registered": {
        "disposed": "disposed",
        "drafted": "draft",
        "filed": "archived",
        **_told("registered", "attached"),
    },
    "disposed": {
        "drafted": "draft",
        "filed": "archived",
        **_told("disposed", "disposed", "reported", "attached"),
    },
    # Out: drafted, initialled up the chain, signed by somebody who did not draft it.
    "draft": {
        "signed": "signed",
        "discarded": "archived",
        **_told("draft", "drafted", "initialled", "sent_back", "attached"),
    },
    "signed": {"sent": "sent", **_told("signed", "numbered")},
    "sent": {"filed": "archived", **_told("sent", "delivered")},
    "archived": {},
}
