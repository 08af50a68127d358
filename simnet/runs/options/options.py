"""What a user may choose about a run: its models, where it runs, what it may cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from simnet.errors import UsageError
from simnet.foundation.text import did_you_mean
from simnet.inference.backend import Backend
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.engine.embedded import NAME
from simnet.inference.model import Model
from simnet.inference.settings import EngineSettings
from simnet.joining.humans import Humans
from simnet.recording.reading.folders import RUNS, check_run_id
from simnet.runs.options.mirror_settings import read_mirror
from simnet.runtime.kept_engines import address_of, check_name, environment_address
from simnet.runtime.models import DEFAULT
from simnet.runtime.nodes.cluster_wishes import ClusterWishes, check_address, read_wishes
from simnet.runtime.placement import PersonasPerActor, check_per_actor
from simnet.scheduler.budget import UNLIMITED, Budget, check_budget
from simnet.scheduler.failures.code_errors import read_on_error
from simnet.scheduler.prefetch.prefetch_settings import read_mode
from simnet.scheduler.tracing.trace_settings import check_trace

ModelChoice: TypeAlias = str | Backend | Model
"""A folder or hub name, a backend with settings of its own, or a model object."""
NO_MODELS: Mapping[str, ModelChoice] = MappingProxyType({})
NO_KEPT: Mapping[str, str] = MappingProxyType({})
NO_ENGINE: Mapping[str, Any] = MappingProxyType({})
NO_ADAPTERS: Mapping[str, Path | str] = MappingProxyType({})
TRACKERS = ("mlflow", "wandb", "trackio")
"""What can show a run; `simnet.runs.watching.trackers` has one class for each."""


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """The models of a run. A model that is given as a string gets all options but `models`."""

    model: ModelChoice | None = None
    """The model of cohorts that name none; None is the default of the backend."""
    models: Mapping[str, ModelChoice] = field(default_factory=dict)
    """Further models by the names that cohorts give them."""
    backend: str | None = None
    """`vllm`, `openai` or `fake`; None is `vllm`, or the backend of the recorded run."""
    base_url: str | None = None
    """The URL of the endpoint, with the backend `openai`."""
    adapters: Mapping[str, Path | str] = field(default_factory=dict)
    """Folders of LoRA adapters by the names that cohorts give them."""
    replicas: int | None = None
    """How many engines serve each model; None is 1, or as many as the recorded run had."""
    engine: Mapping[str, Any] = field(default_factory=dict)
    """Settings of engines or of the endpoint by name; a recorded run's are kept unless given.

    Those of one model are called `NAME.SETTING`; see `of_model`."""
    deadline: float | None = None
    """Wall seconds that a model call may take; None goes by how fast the model is."""
    device: str | None = None
    """Where engines run: `cpu` or `gpu`. None is GPUs if the machine, or the cluster, has any."""
    engines: str | Mapping[str, str] = field(default_factory=dict)
    """Engines that `simnet serve` keeps: their name, or names by what cohorts call the model, with
    `default` for the model of cohorts that name none."""
    elsewhere: bool = field(default=False, repr=False)
    """Whether engines run on the nodes of a cluster; RunOptions says it when there is one."""

    def __post_init__(self) -> None:
        fixed = {
            "replicas": self.replicas,
            "device": self.device,
            "deadline": self.deadline,
            "base_url": self.base_url,
            **dict.fromkeys(self.engine, True),
        }
        given = [name for name, value in fixed.items() if value is not None]
        if self.kept and given:
            raise UsageError(
                f"{', '.join(given)}: kept engines have the settings that `simnet serve` was "
                "given; leave it out, or serve them with it"
            )
        for name in self.kept.values():
            check_name(name)

    @property
    def kept(self) -> dict[str | None, str]:
        """The names of kept engines by the names of models, None for the default model."""
        named = {DEFAULT: self.engines} if isinstance(self.engines, str) else self.engines
        return {None if model == DEFAULT else model: name for model, name in named.items()}

    def of_model(self, name: str | None) -> "ModelOptions":
        """Return the options of one model: a setting `NAME.SETTING` is of the model NAME alone.

        The default model is called `default`. `NAME.replicas`, `NAME.deadline` and `NAME.device`
        are among them.
        """
        prefix = f"{name or DEFAULT}."
        engine = {key: value for key, value in self.engine.items() if "." not in key}
        own = {
            key.removeprefix(prefix): value
            for key, value in self.engine.items()
            if key.startswith(prefix)
        }
        told = {key: own.pop(key) for key in ("replicas", "deadline", "device") if key in own}
        return replace(self, engine=engine | own, **told)

    def check_names(self, recorded: Iterable[str] = ()) -> None:
        """Raise UsageError for settings of a model that the run does not have."""
        known = [DEFAULT, *self.models, *recorded]
        for key in self.engine:
            name, dot, _ = key.rpartition(".")
            if dot and name not in known:
                raise UsageError(
                    f"--engine {key}: the run has no model {name!r}{did_you_mean(name, known)}"
                )

    @property
    def settings_by_name(self) -> dict[str, Any]:
        """The settings of engines or of the endpoint, with deadline and device among them."""
        own = {"deadline": self.deadline, "device": self.device}
        return {**self.engine, **{name: value for name, value in own.items() if value is not None}}

    def settings(self) -> EngineSettings | None:
        """Return the settings of engines, None without adapters. Raises InputError."""
        if not self.adapters:
            return None
        folders = {name: str(folder) for name, folder in self.adapters.items()}
        settings = EngineSettings(model=NAME, adapters=folders)
        settings.check()
        return settings

    def endpoint(self) -> Endpoint | None:
        """Return the endpoint, if there is a URL."""
        return Endpoint(base_url=self.base_url) if self.base_url is not None else None


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """All options of a run. Raises UsageError if they contradict each other."""

    models: ModelOptions = field(default_factory=ModelOptions)
    out: Path = RUNS
    """The folder of run directories. A resumed run or a fork stays where the run is."""
    run_id: str | None = None
    """The id of a new run, which is the name of its folder; None makes one of time and name."""
    ray: bool | None = None
    """Whether the run uses Ray. None: model objects run in this process, so do small runs with the
    backends `fake` and `openai`, and all else runs on Ray. False: everything runs in this process,
    where vLLM cannot run."""
    address: str | None = None
    """Address of a Ray cluster. None is that in the environment variable RAY_ADDRESS; without it
    Ray starts on this machine."""
    agents_on: str | Mapping[str, str] | None = None
    """Labels of the nodes of a cluster that hold agents, as `key=value` or a mapping; conditions
    such as `key=!value` and `key=in(a,b)` are those of Ray's label selectors."""
    engines_on: str | Mapping[str, str] | None = None
    """Labels of the nodes that hold engines, likewise."""
    wait_for_resources: str | float | None = None
    """How long the run waits for nodes with room for its engines, in wall seconds or as `10m`;
    None does not wait."""
    min_replicas: int | None = None
    """With how many engines of each model the run starts and goes on; None wants all."""
    personas_per_actor: PersonasPerActor = "auto"
    budget: Budget = UNLIMITED
    """What the run may cost; once that is spent, it stops and can be resumed. Says too whether a
    run in which most model calls fail goes on."""
    on_error: str | None = None
    """What happens when code of the user fails: `stop` the run, which can be resumed, or `fail the
    turn`, in short `fail`. None is `stop`, or what the recorded run did."""
    force: bool = False
    """Whether a run is started that does not seem to fit this machine."""
    humans: Sequence[str] | None = None
    """The handles that people may take. None is nobody, or whom the resumed run let people take."""
    human_deadline: float | None = None
    """Wall seconds that a turn waits for a person; None is 120, or those of the resumed run."""
    track: str | None = None
    """The tracker that shows the run too: `mlflow`, `wandb` or `trackio`. None is none."""
    trace_turns: float | None = None
    """Share of the turns of which spans are sent to an OpenTelemetry collector, 0 to 1."""
    prefetch: str | None = None
    """Whether model calls are made early, in slots that would be empty: `off`, `view` or `ahead`.
    None is `off`."""

    mirror: str | None = None
    """Address of an object store, such as `s3://bucket/prefix`, where a copy of the record is kept,
    or `off`. None is none, or that of the resumed run."""
    mirror_every: str | float | None = None
    """Wall seconds between two uploads to it, or as `10s`; None is 10."""

    @property
    def placed(self) -> bool:
        """Whether the user says where actors are or how many: then a run uses Ray."""
        by_user = self.personas_per_actor != "auto" or bool(self.models.kept)
        return by_user or self.cluster_address is not None

    @property
    def cluster_address(self) -> str | None:
        """The address of the cluster that the run joins.

        If none is given, it is where kept engines are served, or that in the environment.
        """
        if self.ray is False or self.address is not None:
            return self.address
        for name in self.models.kept.values():
            if (address := address_of(name)) is not None:
                return address
        return environment_address()

    @property
    def wishes(self) -> ClusterWishes:
        """What the run wants of its cluster. Raises UsageError."""
        return read_wishes(
            self.agents_on, self.engines_on, self.wait_for_resources, self.min_replicas
        )

    def __post_init__(self) -> None:
        check_budget(self.budget)
        check_per_actor(self.personas_per_actor)
        read_on_error(self.on_error)
        if self.run_id is not None:
            check_run_id(self.run_id)
        read_mode(self.prefetch)
        check_trace(self.trace_turns)
        check_track(self.track)
        if self.human_deadline is not None:
            Humans((), self.human_deadline)
        if self.ray is False and self.address is not None:
            raise UsageError(
                f"the cluster at {self.address} cannot be used without Ray; leave out ray=False "
                "(--no-ray), or the address"
            )
        if self.ray is False and self.models.kept:
            raise UsageError(
                "kept engines are on Ray; leave out ray=False (--no-ray), or engines= (--engines)"
            )
        if self.cluster_address is not None:
            check_address(self.cluster_address)
            object.__setattr__(self, "models", replace(self.models, elsewhere=True))
        self.wishes  # noqa: B018  (raises)
        read_mirror(self.mirror, self.mirror_every)


def check_track(name: str | None) -> None:
    """Raise UsageError for a tracker that is not known."""
    if name is not None and name not in TRACKERS:
        known = did_you_mean(name, TRACKERS) or f"; there are: {', '.join(TRACKERS)}"
        raise UsageError(f"there is no tracker {name!r}{known}")
