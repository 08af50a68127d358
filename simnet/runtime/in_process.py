"""Everything in one process: the same kernel, agents, model and record, without Ray."""

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from simnet.agents.host import Host, ModelHandle
from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.profile import AgentProfile
from simnet.agents.prompting.fitting import Encoder, KnownReplies
from simnet.clock import Seconds
from simnet.inference.model import Call, Model
from simnet.inference.statistics import Measured
from simnet.recording.reading.recorded_replies import Recorded
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.runtime.agent_factory import agents_of, profile_lookup
from simnet.runtime.models import DEFAULT, with_fallback_models
from simnet.runtime.placement import Placement, thinkers
from simnet.scenario.scenario import Scenario
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.continuation import Continuation
from simnet.scheduler.driver import Driver, Phases
from simnet.scheduler.messages import Answer, EngineState, Finish, Progress, Usage, with_engines
from simnet.world.posts import View


class LocalAgentPool:
    """One host for everybody, in this process."""

    def __init__(
        self,
        agents: Callable[[str], HostedAgent],
        model: Model | Mapping[str | None, ModelHandle],
        encoder: Encoder | None = None,
        *,
        replies: KnownReplies | None = None,
        minds: Callable[[str, Seconds], AgentProfile] | None = None,
    ) -> None:
        """Take what a Host takes."""
        self._host = Host(agents, model, encoder, replies=replies, minds=minds)

    def host_of(self, who: str) -> int:
        """Everybody lives on host 0."""
        return 0

    async def think(self, host: int, views: Sequence[View]) -> AsyncIterator[Answer]:
        """Let agents decide; yield decisions as they are ready."""
        async for answer in answers(self._host, views):
            yield answer


async def answers(host: Host, views: Sequence[View]) -> AsyncIterator[Answer]:
    """Let a host think and prepare what it says for the way: calls encoded, costs added up."""
    async for thoughts in host.think(views):
        usage = _usage(thoughts.calls)
        if thoughts.shared:
            usage = usage.less(_usage(thoughts.shared))
        usage = usage._replace(asks=host.take_asks())
        yield Answer(thoughts.decisions, _encoded(thoughts.calls), usage)


def _usage(calls: Sequence[Call]) -> Usage:
    return Usage(
        len(calls),
        sum(call.prompt_tokens for call in calls),
        sum(call.cached_tokens for call in calls),
        sum(call.output_tokens for call in calls),
    )


def _encoded(calls: Sequence[Call]) -> bytes:
    return encode("calls", calls) if calls else b""


class LocalRecord:
    """A recorder in this process."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Append batches and return when they are on disk."""
        for table, batch in batches:
            self.recorder.append(table, batch)
        self.recorder.commit()


class InProcess:
    """The parts of one run in this process; stands where a Cluster stands."""

    def __init__(
        self,
        scenario: Scenario,
        models: Mapping[str | None, Model],
        folder: Path,
        continuation: Continuation | None = None,
        budget: Budget = UNLIMITED,
    ) -> None:
        """Take what to run; `models` are by the names that cohorts give them."""
        changes = continuation.changes if continuation else ()
        scenarios = [scenario, *(change.scenario for change in changes)]
        asked = with_fallback_models(models, scenarios) if len(models) > 1 else models
        self._models = models
        self._record = LocalRecord(Recorder(folder))
        minds = LocalAgentPool(
            agents_of(scenario),
            {name: ModelHandle(model) for name, model in asked.items()},
            replies=Recorded.load(continuation.run) if continuation else None,
            minds=profile_lookup(scenario, changes) if changes else None,
        )
        self._play = Driver(scenario, minds, self._record, continuation, budget)
        who = thinkers(scenario)
        self.placement: Placement | None = Placement(0, len(who), dict.fromkeys(who, 0))
        self.phases = Phases()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self._record.recorder.close()
        for model in self._models.values():
            await model.close()

    async def run(self) -> AsyncIterator[Progress | Finish]:
        """Run the scenario; yield progress, and how it ended as the last thing."""
        async for news in self._play.run():
            yield self._measured(news)

    def _measured(self, news: Progress | Finish) -> Progress | Finish:
        if isinstance(news, Finish):
            return news._replace(progress=self._told(news.progress))
        return self._told(news)

    def _told(self, progress: Progress) -> Progress:
        states = [
            EngineState(
                name or DEFAULT,
                model.name,
                model.statistics() if isinstance(model, Measured) else None,
                0,
            )
            for name, model in self._models.items()
        ]
        return with_engines(progress, states)

    def stop(self) -> None:
        """Ask the run to begin nothing more and to end in good order."""
        self._play.stop()

    async def write(self, batches: Sequence[tuple[str, bytes]]) -> None:
        """Record rows that do not come from the scheduler."""
        await self._record.write(batches)

    async def seal(self) -> None:
        """Turn what was recorded into sealed tables."""
        self._record.recorder.seal()
        self.phases.end("sealing")

    def abandon(self, number: int) -> None:
        """End this process now."""
        os._exit(128 + number)
