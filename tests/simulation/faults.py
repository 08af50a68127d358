"""What can go wrong, at moments that a seed decides."""

import asyncio
import errno
from dataclasses import dataclass, field
from random import Random

from faulty_disks import FaultyDisk, FragileDisk, PowerLossError

from simnet.errors import ActorDiedError, DiskError
from simnet.foundation.disk import Disk
from simnet.inference.fakes.fake import FakeModel
from simnet.recording.writing.recorder import Recorder
from simnet.runtime.in_process import LocalAgentPool

KINDS = (
    "agents die",
    "agents answer twice",
    "the model dies",
    "the model answers twice",
    "the scheduler dies",
    "the recorder dies",
    "the recorder dies before it says that it wrote",
    "writes arrive twice",
    "the disk fails once",
    "the disk is full for a while",
    "the power fails",
)


@dataclass
class Plan:
    """What happens in one epoch: one kind of fault after some messages, or none."""

    kind: str | None
    after: int
    chance: Random
    happened: bool = False
    counted: int = 0
    prefetch: str = "off"
    acknowledged: list = field(default_factory=list)
    """Batches that the record said it holds."""

    def now(self, kind):
        """Whether this is the moment for a fault of this kind."""
        if self.kind != kind or self.happened:
            return False
        self.counted += 1
        self.happened = self.counted >= self.after
        return self.happened

    async def delay(self):
        await asyncio.sleep(self.chance.choice((0.0, 0.001, 0.02, 0.3)))

    def disk(self):
        # A whole run of this size asks for some 330 operations of the disk.
        nth = 1 + self.chance.randrange(330)
        match self.kind:
            case "the disk fails once":
                return FaultyDisk(nth)
            case "the disk is full for a while":
                return FullDisk(nth, 1 + self.chance.randrange(6))
            case "the power fails":
                return FragileDisk(nth)
        return Disk()


class FullDisk(FaultyDisk):
    """Has no room for some operations, and then again."""

    def __init__(self, nth, lasts):
        super().__init__(nth, errno.ENOSPC)
        self._last = nth + lasts

    def _count(self):
        self.operations += 1
        if self.nth <= self.operations < self._last:
            self.fail()


class Model(FakeModel):
    """Replies late and out of order; may die or say something twice."""

    def __init__(self, plan, reply):
        super().__init__(reply, delay=lambda _: plan.chance.choice((0.0, 0.01, 0.4)))
        self._plan = plan

    async def generate(self, prompts):
        async for finished in super().generate(prompts):
            if self._plan.now("the model dies"):
                raise ActorDiedError("the model is gone")
            yield finished
            if self._plan.now("the model answers twice"):
                yield finished


class AgentPool(LocalAgentPool):
    """Answers late, one turn at a time and in any order; may die or answer twice."""

    def __init__(self, plan, *arguments, **options):
        super().__init__(*arguments, **options)
        self._plan = plan

    async def think(self, host, views):
        views = list(views)
        self._plan.chance.shuffle(views)
        await self._plan.delay()
        async for answer in super().think(host, views):
            await self._plan.delay()
            if self._plan.now("agents die"):
                raise ActorDiedError("the agents are gone")
            yield answer
            if self._plan.now("agents answer twice"):
                yield answer


class Record:
    """A recorder at the end of a slow line, as the actor of the record is."""

    def __init__(self, folder, plan):
        self._plan = plan
        self._line = asyncio.Lock()
        self._recorder = Recorder(folder, disk=plan.disk(), rotate_bytes=4096)

    async def write(self, batches):
        async with self._line:  # an actor does what it is asked in order
            await self._plan.delay()
            self._check("the recorder dies")
            times = 2 if self._plan.now("writes arrive twice") else 1
            for _ in range(times):
                for table, batch in batches:
                    self._recorder.append(table, batch)
            self._through(self._recorder.commit)
            self._check("the recorder dies before it says that it wrote")
            self._plan.acknowledged += batches

    def seal(self):
        self._through(self._recorder.seal)

    def _check(self, kind):
        if self._plan.now(kind):
            raise ActorDiedError(kind)

    def _through(self, method):
        try:
            method()
        except PowerLossError:
            self._plan.happened = True
            raise ActorDiedError("the power is gone") from None

    def close(self):
        try:
            self._recorder.close()
        except (OSError, PowerLossError):
            return


CRASHES = (ActorDiedError, DiskError)
