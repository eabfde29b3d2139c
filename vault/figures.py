"""Figures for agencies: how many papers were reused, and what that spared. Counts only, of nobody in particular."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from sharing.terms import Terms
from vault.models import Figure, Version

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def count(session: Session, agency_id: str, procedure: str, terms: Terms, asked_at: datetime, at: datetime) -> None:
    """One consent. A paper is reused when its version lay in the wallet before the agency asked."""
    sizes = {item.version: item.size for item in terms.items}
    there = (col(Version.id).in_(sizes), col(Version.created_at) < asked_at)
    reused = session.exec(select(Version.id).where(*there)).all()
    session.add(
        Figure(
            agency_id=agency_id,
            procedure=procedure,
            month=month_of(at),
            papers=len(sizes),
            reused=len(reused),
            bytes_not_sent=sum(sizes[version] for version in reused),
            seconds=max(0, round((at - asked_at).total_seconds())),
        )
    )


def month_of(at: datetime) -> str:
    """YYYY-MM in Viet Nam."""
    return at.astimezone(ZONE).strftime("%Y-%m")
