"""The plan of a run, and its result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from simnet.inference.backend import Backend, slots_of
from simnet.inference.model import Model
from simnet.joining.humans import Humans
from simnet.recording.files.manifest import MirrorFacts
from simnet.recording.reading.folders import RUNS
from simnet.recording.writing.run_directory import RunDirectory
from simnet.runs.options.mirror_settings import MirrorSettings
from simnet.runtime.models import needed_models
from simnet.runtime.nodes.cluster_wishes import NO_WISHES, ClusterWishes
from simnet.runtime.placement import PersonasPerActor
from simnet.runtime.restart_policy import RESTARTS
from simnet.scenario.files.modules import unreachable_modules
from simnet.scenario.forecast.nothing_happens import anybody_wakes
from simnet.scenario.scenario import Scenario
from simnet.scheduler.budget import UNLIMITED, Budget
from simnet.scheduler.continuing.continuation import Continuation, last_scenario
from simnet.scheduler.failures.code_errors import OnError
from simnet.scheduler.prefetch.prefetch_settings import Mode, Prefetch
from simnet.scheduler.progress.messages import Finish

if TYPE_CHECKING:
    from simnet.runtime.ray.engines.shared_engines import SharedEngines  # imports ray


@dataclass(frozen=True)
class RunPlan:
    """What to launch: a scenario, its models, where it runs and where its record goes."""

    scenario: Scenario
    backend: Backend | Model
    """The model of cohorts that name none."""
    root: Path = RUNS
    """The folder of run directories."""
    run_id: str | None = None
    """The id of a new run; None makes one."""
    ray: bool | None = None
    """As in RunOptions."""
    address: str | None = None
    """Address of a Ray cluster; None starts Ray on this machine."""
    personas_per_actor: PersonasPerActor = "auto"
    source: Path | None = None
    """The file of the scenario, which is copied into the run directory."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """What else is needed to make the scenario from its file again; see RecordedScenario."""
    modules: Sequence[ModuleType] = ()
    """Modules of the scenario, as far as it is known, that other processes cannot import."""
    restarts: int = RESTARTS
    """How often in a quarter of an hour a model that died is restarted."""
    into: RunDirectory | None = None
    """The run directory to continue; None makes a new one."""
    continuation: Continuation | None = None
    """The recorded replies to start with."""
    budget: Budget = UNLIMITED
    """What it may cost; once that is spent, the run stops and can be resumed."""
    force: bool = False
    """Whether it is started on a cluster that does not seem to have what it needs."""
    on_error: OnError = "stop"
    """What becomes of the run, or of a turn, when code of the user fails."""
    models: Mapping[str, Backend | Model] = field(default_factory=dict)
    """Further models by the names that cohorts give them."""
    humans: Humans | None = None
    """The handles that people may take."""
    wishes: ClusterWishes = NO_WISHES
    """Where on a cluster actors may be, and how long the run waits for room."""
    prefetch: Mode = "off"
    """Whether model calls are made early."""
    engines: "SharedEngines | None" = None
    """The engines that this run shares with others on Ray; None starts some for it."""
    kept: Mapping[str | None, str] = field(default_factory=dict)
    """The models whose engines `simnet serve` keeps, with the names of those."""
    mirror: MirrorSettings | None = None
    """Where a copy of the record is kept; None keeps none."""
    track: str | None = None
    """The experiment tracker that shows the run; see `simnet.runs.watching.trackers`."""
    trace_turns: float | None = None
    """Share of the turns of which spans are sent by OpenTelemetry, 0 to 1; None sends none."""

    @cached_property
    def anybody_wakes(self) -> bool:
        """Whether any turn can come of it or anybody is asked, so that models are needed."""
        switches = self.continuation.switches if self.continuation else ()
        scenarios = [self.scenario, *(switch.scenario for switch in switches)]
        return any(one.surveys or anybody_wakes(one) for one in scenarios)

    @property
    def sent_modules(self) -> tuple[ModuleType, ...]:
        """All modules whose code is sent to other processes.

        Of a scenario that is given as a value it is not known which are its own.
        """
        return tuple(dict.fromkeys([*self.modules, *unreachable_modules()]))

    @property
    def started(self) -> dict[str | None, Backend | Model]:
        """The models that have to be started, by the names that cohorts give them."""
        names = needed_models(last_scenario(self.scenario, self.continuation))
        return {name: self.backend if name is None else self.models[name] for name in names}

    @property
    def model_names(self) -> list[str]:
        """What the models that have to be started are called in the record."""
        models = self.started.values()
        return [one.recorded_name if isinstance(one, Backend) else one.name for one in models]

    @cached_property
    def slots(self) -> int | None:
        """How many calls all models of the run work on at once; None if that is not known."""
        known = self.slots_by_model.values() if self.anybody_wakes else ()
        counts = [count for count in known if count is not None]
        return sum(counts) if counts and len(counts) == len(known) else None

    @property
    def slots_by_model(self) -> dict[str | None, int | None]:
        """The same for each model, by the names that cohorts give them."""
        return {name: slots_of(model) for name, model in self.started.items()}

    @property
    def early_calls(self) -> Prefetch:
        """Whether calls are made early, and how many the models work on at once."""
        return Prefetch(self.prefetch, self.slots_by_model)


class RunResult(NamedTuple):
    """How a run ended and where its record is."""

    run_id: str
    folder: Path
    state: str
    finish: Finish
    phases: dict[str, float]
    """Wall seconds by phase."""
    signal: int | None
    """The signal that interrupted it."""
    spent: str | None = None
    """The limit of its budget that stopped it."""
    slots: int | None = None
    """How many calls its models work on at once; None if that is not known."""
    mirror: MirrorFacts | None = None
    """The copy of its record in an object store."""

    @property
    def alarm(self) -> str | None:
        """The alarm of its scenario that stopped it, in one line."""
        return self.finish.progress.health.stopped
