"""How many calls an endpoint gets at a time: a slow one, or one that asks for less, gets one."""

from datetime import timedelta

MOST = 16
_SLOW = timedelta(seconds=2)


def next_pace(at_once: int, *, taken: bool, took: timedelta) -> int:
    """One more after each quick success, down to one at once after anything else."""
    if not taken or took >= _SLOW:
        return 1
    return min(at_once + 1, MOST)
