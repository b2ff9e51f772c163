"""What the review does beside the requests: desks that were left are cleared, counts folded."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from api.review.leases import give_back_expired
from api.store.rollups import fold


def sweep_review(session: Session, moment: datetime) -> int:
    """Do what has become due in the review. Costs in proportion to that.

    Args:
        session: an open transaction; the caller commits.
        moment: the present.

    Returns:
        How many things were done; the caller comes again at once when there were many.
    """
    return give_back_expired(session, moment) + fold(session)
