"""Moments as the API writes them: ISO 8601 in UTC, milliseconds, a `Z` at the end.

All times in the store are written in this one form, so that comparing the texts compares the times.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

Clock = Callable[[], datetime]

LATEST: Final = datetime.max.replace(microsecond=999000, tzinfo=UTC)
"""The latest moment that can be written; what would last longer lasts until then."""

_DELTAS: Final = {"HOURS": "hours", "DAYS": "days", "WEEKS": "weeks"}
_MONTHS: Final = {"MONTHS": 1, "YEARS": 12}


def utc_now() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)


def text(moment: datetime) -> str:
    """The moment as the API writes it; a time without a zone is taken to be UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def normal(written: str) -> str:
    """Any ISO 8601 text in the one form that the store keeps. Raises ValueError for anything else."""
    return text(datetime.fromisoformat(written))


def later(moment: datetime, duration: float, unit: str) -> datetime:
    """The moment `duration` units on, or `LATEST`; a month is a calendar month and ends on its last day if need be."""
    try:
        return _later(moment, duration, unit)
    except (OverflowError, ValueError):
        return LATEST


def _later(moment: datetime, duration: float, unit: str) -> datetime:
    if unit in _DELTAS:
        return moment + timedelta(**{_DELTAS[unit]: duration})
    month = moment.month - 1 + int(duration) * _MONTHS[unit]
    year, month = moment.year + month // 12, month % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))
