"""Options that several commands have, declared once, and the values they are gathered into.

`simnet --help` loads the files of all commands, so these import what is slow where it is used.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from simnet.cli.cluster_options import ClusterFlags, Engines, read_engines
from simnet.cli.mirror_options import MirrorFlags
from simnet.cli.prefetch_option import PrefetchMode
from simnet.cli.run_names import RUNS, complete_run, where_runs_are
from simnet.clock import Seconds, parse_duration
from simnet.errors import UsageError

if TYPE_CHECKING:
    from simnet.runs.options.options import ModelOptions, RunOptions
    from simnet.runtime.placement import PersonasPerActor


# -- arguments and single options ---------------------------------------------------------

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
PerActor = Annotated[str, typer.Option(metavar="N|auto", help="How many personas share an actor.")]
RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run id, the path of a run directory, or `latest`.",
        autocompletion=complete_run,
    ),
]
Runs = Annotated[
    Path,
    typer.Option("--runs", metavar="DIR", help="Where the runs are.", callback=where_runs_are),
]
Seed = Annotated[int | None, typer.Option(help="Seed of the run, in place of the scenario's.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Parameter of the scenario; repeatable."),
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET", help="A scenario: FILE.py or package.module, :attribute if of several."
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        help="Model folder or hub name, or `embedded`; by default that of the backend or the run."
    ),
]
Backend = Annotated[
    str | None, typer.Option(metavar="vllm|openai|fake", help="What runs the model.")
]
BaseUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="An OpenAI-compatible endpoint, with --backend openai."),
]
Adapters = Annotated[
    list[str] | None,
    typer.Option("--adapter", metavar="NAME=FOLDER", help="LoRA adapter for cohorts; repeatable."),
]
Also = Annotated[
    list[str] | None,
    typer.Option("--also", metavar="NAME=MODEL", help="Model that cohorts name; repeatable."),
]
Replicas = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="How many engines serve each model.")
]
Engine = Annotated[
    list[str] | None,
    typer.Option(
        "--engine",
        metavar="NAME=VALUE",
        help="Setting of the engine, such as max_model_len=4096, or of the endpoint; of one model "
        "of --also: MODELS_NAME.NAME=VALUE; repeatable.",
    ),
]
Device = Annotated[
    Literal["cpu", "gpu"] | None,
    typer.Option(help="Where engines run; by default on GPUs if the machine or cluster has any."),
]
Deadline = Annotated[
    float | None,
    typer.Option(
        min=0.001,
        metavar="SECONDS",
        help="Longest time a model call may take; by default it goes by how fast the model is.",
    ),
]
UseRay = Annotated[
    bool | None,
    typer.Option(
        "--ray/--no-ray",
        help="Run on Ray or in this process; by default small runs without vLLM run in it.",
    ),
]
MaxTokens = Annotated[
    int | None, typer.Option(min=1, help="Stop once so many tokens went in and out.")
]
MaxMinutes = Annotated[float | None, typer.Option(help="Stop after so many minutes of turns.")]
MaxCalls = Annotated[
    int | None, typer.Option(min=1, help="Stop once the model was asked so often.")
]
OnError = Annotated[
    Literal["stop", "fail"] | None,
    typer.Option(
        "--on-error",
        help="When code of the scenario fails: stop the run, the default, or fail the turn.",
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Start what does not seem to fit this machine.")
]
AcceptFailures = Annotated[
    bool, typer.Option("--accept-failures", help="Go on although most model calls fail.")
]
Track = Annotated[
    str | None,
    typer.Option(metavar="mlflow|wandb|trackio", help="Experiment tracker that shows the run too."),
]
TraceTurns = Annotated[
    float | None,
    typer.Option(metavar="SHARE", help="Share of turns sent as spans by OpenTelemetry, 0 to 1."),
]
Watch = Annotated[
    bool | None,
    typer.Option(help="Print posts as they land; by default for up to 100 personas."),
]
JsonLines = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the run directory.")]
LogLevel = Annotated[
    Literal["debug", "info", "warning"] | None,
    typer.Option("--log-level", help="Print log lines of this level and above on stderr."),
]


# -- groups of options ----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ModelFlags:
    """The options that choose models."""

    model: Model = None
    backend: Backend = None
    base_url: BaseUrl = None
    adapters: Adapters = None
    also: Also = None
    replicas: Replicas = None
    engine: Engine = None
    deadline: Deadline = None
    device: Device = None

    def read(self) -> "ModelOptions":
        """Return what they say. Raises UsageError."""
        from simnet.runs.options.options import ModelOptions  # noqa: PLC0415  (slow)

        return ModelOptions(
            model=self.model,
            models=read_also(self.also or ()),
            backend=self.backend,
            base_url=self.base_url,
            adapters=read_adapters(self.adapters or ()),
            replicas=self.replicas,
            engine=read_engine(self.engine or ()),
            deadline=self.deadline,
            device=self.device,
        )


@dataclass(frozen=True, kw_only=True)
class RunFlags(ClusterFlags, MirrorFlags):
    """The options that say where a run takes place and what it may cost."""

    runs: Runs = RUNS
    ray: UseRay = None
    personas_per_actor: PerActor = "auto"
    max_tokens: MaxTokens = None
    max_minutes: MaxMinutes = None
    max_calls: MaxCalls = None
    on_error: OnError = None
    force: Force = False
    accept_failures: AcceptFailures = False
    prefetch: PrefetchMode = None
    engines: Engines = None
    track: Track = None
    trace_turns: TraceTurns = None

    def read(self, models: ModelFlags) -> "RunOptions":
        """Return what they say, together with the options of models. Raises UsageError."""
        from simnet.recording.reading.folders import expanded  # noqa: PLC0415  (slow)
        from simnet.runs.options.options import RunOptions  # noqa: PLC0415  (slow)
        from simnet.scheduler.budget import Budget  # noqa: PLC0415  (slow)

        return RunOptions(
            models=replace(models.read(), engines=read_engines(self.engines or ())),
            out=expanded(self.runs),
            ray=self.ray,
            **self.cluster,
            **self.mirroring,
            personas_per_actor=read_per_actor(self.personas_per_actor),
            budget=Budget(
                self.max_tokens, self.max_calls, self.max_minutes, not self.accept_failures
            ),
            on_error=self.on_error,
            force=self.force,
            prefetch=self.prefetch,
            track=self.track,
            trace_turns=self.trace_turns,
        )


@dataclass(frozen=True, kw_only=True)
class OutputFlags:
    """The options that say what a run prints. Raises UsageError if they exclude each other."""

    watch: Watch = None
    as_json: JsonLines = False
    quiet: Quiet = False
    log_level: LogLevel = None

    def __post_init__(self) -> None:
        if self.as_json and self.quiet:
            raise UsageError("--json and --quiet exclude each other; choose one")


# -- reading values ---------------------------------------------------------------------------


def read_adapters(texts: Sequence[str]) -> dict[str, str]:
    """Read `--adapter` options. Raises UsageError unless each is NAME=FOLDER with a new name."""
    folders = read_pairs("--adapter", "adapter", "FOLDER", texts)
    return {name: str(Path(folder).expanduser().resolve()) for name, folder in folders.items()}


def read_also(texts: Sequence[str]) -> dict[str, str]:
    """Read `--also` options. Raises UsageError unless each is NAME=MODEL with a new name."""
    return read_pairs("--also", "model", "MODEL", texts)


def read_engine(texts: Sequence[str]) -> dict[str, Any]:
    """Read `--engine` options; a value that is JSON is read as that, any other is text.

    Raises UsageError unless each is NAME=VALUE with a new name. The backend checks names and
    types.
    """
    pairs = read_pairs("--engine", "setting", "VALUE", texts)
    return {_setting(name): _read_json(value) for name, value in pairs.items()}


def _setting(name: str) -> str:
    """Return a setting as it is called in Python; what is before a dot is the name of a model."""
    model, dot, setting = name.rpartition(".")
    return f"{model}{dot}{setting.replace('-', '_')}"


def _read_json(text: str) -> Any:
    try:
        return json.loads({"True": "true", "False": "false", "None": "null"}.get(text, text))
    except ValueError:
        return text


def read_pairs(option: str, what: str, metavar: str, texts: Sequence[str]) -> dict[str, str]:
    """Read an option of pairs. Raises UsageError unless each is NAME=VALUE with a new name."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise UsageError(f"{option} {text}: give NAME={metavar}")
        if name in pairs:
            raise UsageError(f"{option} {text}: there is another {what} {name!r}")
        pairs[name] = value
    return pairs


def read_time(option: str, text: str) -> Seconds:
    """Read an option that is a simulated time. Raises UsageError."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: {error}") from error


def read_per_actor(text: str) -> "PersonasPerActor":
    """Read `--personas-per-actor`. Raises UsageError unless it is `auto` or 1 or more."""
    if text == "auto":
        return "auto"
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--personas-per-actor {text}: give a whole number from 1, or auto")
    return int(text)
