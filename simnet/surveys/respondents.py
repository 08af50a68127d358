"""Finds the state of personas at times of a recorded run."""

from collections.abc import Iterator, Sequence
from math import inf

from simnet.clock import Seconds, format_time
from simnet.errors import RunError, UsageError
from simnet.questions.respondent import Respondent, asked_view, respondent_of
from simnet.recording.reading.recorded_replies import Recorded
from simnet.recording.reading.run import Run
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replayer import Replayer
from simnet.scheduler.continuing.continuation import last_scenario


def respondents(
    run: Run,
    timeline: ScenarioTimeline,
    chosen: Sequence[str],
    times: Sequence[Seconds],
    *,
    shows_feed: bool = True,
) -> Iterator[Respondent]:
    """Replay a run and yield those who are asked as they are at each of `times`, in order.

    Infinity is the state at the end. Raises UsageError for a time after the end of the scenario,
    DivergenceError, and RunError if the record ends before one of the times.
    """
    lasts = last_scenario(timeline.start, timeline.continuation(run)).lasts
    late = next((at for at in times if lasts < at < inf), None)
    if late is not None:
        raise UsageError(
            f"{format_time(late)} is after the end of {run.id}, which lasts {format_time(lasts)}; "
            "give an earlier time, or none to ask after the end"
        )
    replies = Recorded.load(run)
    replayer = Replayer(timeline, replies, run, keeps_views=True)
    for at in sorted(set(times)):
        for _ in replayer.until(at):
            pass
        if at < inf and not replayer.reached:
            raise RunError(
                f"the record of {run.id} ends at {format_time(replayer.now)}, before "
                f"{format_time(at)}; give an earlier time, or resume the run first"
            )
        for who in chosen:
            yield _respondent(replayer, who, at, shows_feed=shows_feed)


def _respondent(replayer: Replayer, who: str, at: Seconds, *, shows_feed: bool) -> Respondent:
    now = replayer.now if at == inf else at
    seen = replayer.last_views.get(who) if shows_feed else None
    view = asked_view(seen, who, now, replayer.state_of(who, now))
    return respondent_of(replayer.agent(who), view, at)
