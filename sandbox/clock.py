"""The sandbox's own time: the machine's, moved by a stored offset, so that a test can jump days ahead."""

from __future__ import annotations

import datetime
import time

# Tunisia keeps UTC+1 all year since 2009, so a fixed offset needs no time zone database.
TUNIS = datetime.timezone(datetime.timedelta(hours=1))


class Clock:
    """Seconds and dates as the played platform sees them.

    In: a callable that gives the present offset in seconds (it lives in the settings, shared by all processes).
    """

    def __init__(self, offset):
        self._offset = offset

    def time(self) -> float:
        """Unix time, seconds, of the virtual clock."""
        return time.time() + float(self._offset())

    def now(self) -> datetime.datetime:
        """Aware date and time in UTC."""
        return datetime.datetime.fromtimestamp(self.time(), datetime.UTC)


def to_tunis(seconds: float) -> datetime.datetime:
    """Unix seconds as an aware date and time of Tunis."""
    return datetime.datetime.fromtimestamp(seconds, TUNIS)
