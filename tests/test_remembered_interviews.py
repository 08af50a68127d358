"""An interview of a recorded run that a fork of it remembers, from the command line."""

import json

import pytest
from test_asking_commands import FILE
from typer.testing import CliRunner

from simnet import HOUR, Run, fork
from simnet.cli.app import app
from simnet.errors import UsageError
from simnet.recording.checking.verify import verify
from simnet.scenario.files.loading import load_scenario

pytestmark = pytest.mark.slow
WHO = "mariam"
FAKE = ("--backend", "fake")
QUESTION = "What do you do?"


def simnet(*words, **options):
    return CliRunner().invoke(app, list(words), **options)


def prompts_of(run, who):
    rows = run.prompts().read_all().to_pylist()
    return [(row["time"], row["user"]) for row in rows if row["who"] == who]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A run, an interview at two hours, and a fork that remembers it."""
    folder = tmp_path_factory.mktemp("talks")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "town.py").write_text(FILE)
        assert simnet("run", "town.py:town", *FAKE, "--no-ray").exit_code == 0
        parent = Run.open("latest")
        arguments = ("interview", parent.id, "--who", WHO, "--at", "2h", "--trust", *FAKE)
        told = simnet(*arguments, input=f"{QUESTION}\nWhy?\n")
        assert told.exit_code == 0, told.output
        assert f"simnet fork {parent.id} --at 2h --remember {WHO}" in " ".join(told.stderr.split())
        made = simnet("fork", parent.id, "--at", "2h", "--remember", f"@{WHO}", *FAKE, "--no-ray")
        assert made.exit_code == 0, made.output
        yield parent, Run.open("latest")


def test_it_is_in_the_prompts_from_that_time_on_and_in_no_others(here):
    parent, child = here
    asked = f'when asked "{QUESTION}"'
    after = [user for at, user in prompts_of(child, WHO) if at >= 2 * HOUR]
    assert after
    assert all(asked in user and 'when asked "Why?"' in user for user in after)
    assert not any(asked in user for at, user in prompts_of(child, WHO) if at < 2 * HOUR)
    others = {row["who"] for row in child.read("calls").to_pylist()} - {WHO}
    assert not any(asked in user for who in others for _, user in prompts_of(child, who))
    assert not any(asked in user for _, user in prompts_of(parent, WHO))
    rows = [row for row in child.read("events").to_pylist() if row["verb"] == "remember"]
    assert [(row["time"], row["whom"]) for row in rows] == [(2 * HOUR, WHO)] * 2


def test_the_fork_is_made_again_from_its_record(here):
    _, child = here
    assert [check for check in verify(child) if check.problems] == []
    (talk,) = child.manifest.scenario.remembered
    assert (talk.at, talk.who, len(talk.lines)) == (2 * HOUR, WHO, 2)
    played = simnet("replay", child.id, "--trust")
    assert played.exit_code == 0, played.output
    named = simnet("verify", child.id, "--scenario", "town.py:town", "--scenario", "town.py:town")
    assert named.exit_code == 0, named.output
    again = simnet("interview", child.id, "--who", WHO, "--at", "3h", "--trust", *FAKE, input="So?")
    assert again.exit_code == 0, again.output


def test_a_fork_from_python_remembers_too(here):
    parent, _ = here
    scenario = load_scenario("town.py:town").scenario
    child = fork(
        parent, 2 * HOUR, scenario, before=scenario, remember=[WHO], backend="fake", ray=False
    )
    assert any(QUESTION in user for _, user in prompts_of(child, WHO))
    with pytest.raises(UsageError, match=rf"no answer of an interview of @{WHO} at 01:00:00"):
        fork(parent, HOUR, scenario, before=scenario, remember=[WHO], backend="fake")


@pytest.mark.parametrize(
    ("who", "problem"),
    [
        ("miriam", "there is nobody of that name in town; did you mean 'mariam'"),
        ("cohort:people", "no answer of an interview of @"),
    ],
)
def test_what_cannot_be_remembered_is_told_before_the_fork_is_made(here, who, problem):
    parent, _ = here
    before = set(parent.path.parent.iterdir())
    refused = simnet("fork", parent.id, "--at", "2h", "--remember", who, *FAKE)
    assert refused.exit_code == 2
    assert problem in " ".join(refused.output.split())
    assert set(parent.path.parent.iterdir()) == before


def test_an_interview_after_the_end_is_remembered_by_nobody(here):
    parent, _ = here
    told = simnet("interview", parent.id, "--who", WHO, "--trust", *FAKE, input="And now?\n")
    assert told.exit_code == 0, told.output
    assert "--remember" not in told.stderr
    manifest = json.loads((parent.path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["scenario"]["remembered"] == []
