"""What every backend offers: a small value that says which model to run, and builds it.

A backend travels to the process that builds the model, so it holds settings and no connections.
`simnet.inference.backends` has one class for each backend and says how to add another.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from simnet.errors import UsageError
from simnet.foundation.text import file_name
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.engine_shape import EngineShape
from simnet.inference.model import Model
from simnet.inference.settings import EngineSettings

if TYPE_CHECKING:
    from simnet.inference.tokens import ChatEncoder


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """What the user asked for; None where nothing was said."""

    model: str | None = None
    """Folder or hub name of the model."""
    settings: EngineSettings | None = None
    """Settings of vLLM engines."""
    endpoint: Endpoint | None = None
    """An endpoint in place of engines."""
    replicas: int = 1
    """Engines that share the calls."""
    engine: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the engine or the endpoint by name."""
    elsewhere: bool = False
    """Whether engines run on the nodes of a cluster, which have what this machine may lack."""


@dataclass(frozen=True, kw_only=True)
class Backend(ABC):
    """A model that can be built. Raises UsageError for fewer than 1 replica."""

    name: ClassVar[str]
    """What `--backend` and the record call this class."""
    needs_process: ClassVar[bool] = False
    """Whether the model has to be built in a process of its own."""

    model: str
    """The user's name of the model; once `ready`, valid on every machine of a cluster."""
    why: str = "it was asked for"
    """The reason for this backend and model, shown to the user."""
    replicas: int = 1
    """Number of engines that serve the model."""
    engine: Mapping[str, Any] = field(default_factory=dict)
    """The settings that the user gave, by name, for the record."""

    def __post_init__(self) -> None:
        if self.replicas < 1:
            raise UsageError(f"the model {self.model} has {self.replicas} replicas; give 1 or more")

    @classmethod
    @abstractmethod
    def choose(cls, request: ModelRequest) -> Self:
        """Make a backend from what the user asked for.

        Raises UsageError for an option that this backend does not take, for a missing one, and
        when the software it needs is not installed.
        """

    @classmethod
    def recorded_model(cls, name: str, checksum: str | None) -> str:
        """Return what `model` is for a model that a record has by its name and checksum.

        Raises ModelNotFoundError, with both, if its files are not where they were.
        """
        del checksum  # for backends that load files
        return name

    @property
    def recorded_name(self) -> str:
        """The name of the model in records and messages: never where it is on this machine."""
        return file_name(self.model)

    def ready(self, progress: Callable[[str], None]) -> Self:
        """Return this backend with its model found, and downloaded or converted if needed.

        Raises ModelNotFoundError when there is no such model, InputError for bad settings.
        """
        return self

    @abstractmethod
    def build(self) -> Model:
        """Build the model in this process; call it inside a running event loop."""

    def as_engine(self) -> Self:
        """Return what runs have to agree on to share an engine: all but notes for the record."""
        return replace(self, why="", engine={})

    def encoder(self) -> "ChatEncoder | None":
        """Load the chat encoder of the model; None where the model takes text."""
        return None

    def adapters(self) -> frozenset[str] | None:
        """Name the adapters that the model serves, once `ready`; None if any name will do."""
        return None

    def adapter_advice(self, adapter: str) -> str:
        """Say how an adapter that is missing can be added; empty if that is not up to simnet."""
        return ""

    def checksum(self) -> str | None:
        """Hash the model's files, where their checksums are known; call `ready` before."""
        return None

    def adapter_checksums(self) -> Mapping[str, str]:
        """Hash the files of each adapter that is loaded from a folder, by its name."""
        return {}

    @property
    def revision(self) -> str | None:
        """The revision of the model that was asked for, where models have revisions."""
        return None

    @property
    def slots(self) -> int | None:
        """How many calls all its engines work on at once; None if there is no limit to know."""
        return None

    @property
    def on_cpu(self) -> bool:
        """Whether its engines run on the CPU of the node they are started on."""
        return False

    @property
    def gpus(self) -> float:
        """Number of GPUs that each of its engines needs."""
        return self.shape.gpus if self.shape is not None else 0.0

    @property
    def shape(self) -> EngineShape | None:
        """The GPUs that each of its engines takes; None if it takes none."""
        return None

    def on_cluster(self, gpus: float) -> Self:
        """Return the backend for a cluster with so many GPUs; call it before `ready`.

        The process of the driver may see no GPU where the nodes of the engines have some.
        """
        return self

    def across(self, nodes: int) -> Self:
        """Return the backend of an engine that is divided over so many nodes."""
        return self

    def shared(self, engines: int, cores: int) -> Self:
        """Return the backend of one of `engines` engines on a node of `cores` cores."""
        return self

    def environment(self) -> Mapping[str, str]:
        """Name the environment variables of the process that builds the model."""
        return {}


def built(model: Backend | Model) -> Model:
    """Build a backend; return a model as it is."""
    return model.build() if isinstance(model, Backend) else model


def slots_of(model: Backend | Model) -> int | None:
    """Return how many calls a model works on at once: its attribute `slots`, if it has one."""
    slots = getattr(model, "slots", None)
    return slots if isinstance(slots, int) and not isinstance(slots, bool) else None


def refuse_endpoint(endpoint: Endpoint | None) -> None:
    """Raise UsageError if an endpoint was given to a backend that does not send to one."""
    if endpoint is not None:
        raise UsageError("--base-url and --backend openai go together; give both or neither")


def refuse_adapters(backend: str, settings: EngineSettings | None, advice: str = "") -> None:
    """Raise UsageError if adapter folders were given to a backend that does not load them."""
    if settings is not None and settings.adapters:
        raise UsageError(
            f"--adapter gives a folder, which the backend {backend} does not load{advice}"
        )
