"""Names of interviews, under which their answers are kept."""

from math import inf

from simnet.clock import Seconds, format_time


def interview_of(who: str, at: Seconds) -> str:
    """Return the name of the interviews of a persona at a time; infinity is after the end."""
    when = "after the end" if at == inf else format_time(at).replace(":", ".")
    return f"interview of {who} {when}"
