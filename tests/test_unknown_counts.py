"""What a model does not tell is recorded as unknown and shown as `-`, never as zero."""

from test_live import pace, progress
from typer.testing import CliRunner

from simnet import MINUTE, Cohort, FakeModel, Persona, Scenario, Steps, run
from simnet.analysis.costs import costs
from simnet.cli.app import app
from simnet.cli.display.live import line
from simnet.inference.statistics import cached_share
from simnet.scheduler.messages import Usage


class Silent(FakeModel):
    """Does not tell how many tokens were cached."""

    async def generate(self, prompts):
        async for finished in super().generate(prompts):
            yield [(position, done._replace(cached_tokens=None)) for position, done in finished]


def test_unknown_cached_tokens_are_null_in_the_record_and_a_dash_on_the_screen(tmp_path, capsys):
    people = [Persona(id="ann", description="Bakes.")]
    scenario = Scenario("one", [Cohort("c", people, rhythm=Steps(MINUTE))], lasts=9 * MINUTE)
    done = run(scenario, model=Silent(), out=tmp_path, progress=True)
    assert set(done.read("calls")["cached_tokens"].to_pylist()) == {None}
    assert "(- cached" in capsys.readouterr().out
    assert {row.cached for row in costs(done)} == {None}
    shown = CliRunner().invoke(app, ["cost", done.id, "--runs", str(tmp_path)]).output
    assert "0%" not in shown


def test_a_share_is_that_of_the_calls_that_tell():
    usage = Usage(2, 300, 50, 10, uncounted_tokens=200)
    assert usage.cached == 0.5
    assert cached_share(0, 300, 300) is None
    assert cached_share(0, 0) == 0
    unknown = progress()._replace(usage=Usage(2, 300, 0, 10, uncounted_tokens=300))
    assert "(- cached)" in line(pace().look(unknown))
