"""What held a run back: how long simulated time waited, how full the models were."""

import asyncio
import json

import pytest
from simulation.virtual_time import run_virtually
from typer.testing import CliRunner

from simnet import HOUR, MINUTE, Cohort, Exponential, FakeModel, Scenario, Steps, run, sample
from simnet.behaviours import asks_no_model
from simnet.cli.app import app
from simnet.cli.display.summary import early_lines, waiting_line
from simnet.inference.backend import slots_of
from simnet.inference.backends.openai_backend import OpenAIBackend
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.settings import EngineSettings
from simnet.kernel.kernel import Kernel
from simnet.kernel.ledger import Tally
from simnet.runtime.agent_factory import agents_of
from simnet.runtime.in_process import LocalAgentPool
from simnet.scenario.forecast.expected_load import expected_in_flight
from simnet.scheduler.progress.load import Load, LoadMeter
from simnet.scheduler.progress.messages import Progress, Usage
from simnet.scheduler.scheduler import Scheduler


@asks_no_model
async def idle(me, view, ask):
    return []


class Nowhere:
    async def write(self, batches):
        """Forget the rows."""


def town(rhythm, people=4, **options):
    return Scenario(
        "town", [Cohort("people", sample(people), rhythm=rhythm, **options)], lasts=HOUR
    )


def played(scenario, delay):
    async def play():
        clock = asyncio.get_running_loop().time
        pool = LocalAgentPool(agents_of(scenario), FakeModel(delay=lambda _: delay))
        return await Scheduler(Kernel(scenario), pool, Nowhere(), clock=clock).run()

    return run_virtually(play()).progress


def test_a_meter_integrates_turns_and_adds_up_stalls():
    meter = LoadMeter()
    meter.turns(2, 10.0)
    meter.stalls(11.0)
    meter.turns(4, 12.0)
    meter.goes_on(13.0)
    assert meter.load(14.0) == Load(stalled=2.0, out=2 * 2 + 4 * 2)


def test_a_run_that_waits_for_its_model_says_how_long_and_how_many_turns_were_out():
    progress = played(town(Steps(10 * MINUTE)), delay=5.0)
    assert progress.load.stalled_share(progress.elapsed) > 0.95
    assert progress.load.mean(progress.elapsed) == pytest.approx(4, rel=0.05)


def test_a_run_that_asks_no_model_waits_for_nothing():
    progress = played(town(Steps(10 * MINUTE), behaviour=idle), delay=5.0)
    assert progress.load.stalled < 0.1


def report(stalled, mean):
    ledger = Tally().ledger(0)
    load = Load(stalled * 100, mean * 100)
    return Progress(0.0, ledger, Usage(9), 100.0, (), None, load=load)


@pytest.mark.parametrize(
    ("stalled", "mean", "advice"),
    [
        (0.9, 16, "a longer reacts_in"),
        (0.9, 250, "more engines"),
        (0.1, 16, "more cores or hosts"),
    ],
)
def test_the_summary_says_what_to_change(stalled, mean, advice):
    line = waiting_line(report(stalled, mean), 256)
    assert line.startswith(f"for replies {stalled:.0%} of")
    assert advice in line


def test_without_known_slots_the_summary_gives_no_advice():
    assert waiting_line(report(0.9, 16), None).endswith("16.0 turns out on average")


def test_the_summary_says_what_was_made_early_and_in_vain():
    usage = Usage(90, early=50, early_hits=40, early_prompt_tokens=900, early_hit_prompt_tokens=700)
    progress = report(0.9, 16)._replace(usage=usage._replace(early_unknown=2))
    assert early_lines(progress) == [
        "50 calls made early, 40 of them used; 10 in vain, 10% of all calls, at least 200 tokens"
    ]
    assert "--prefetch" not in waiting_line(progress, 256)
    assert "or --prefetch ahead, fills" in waiting_line(report(0.9, 16), 256)
    (told,) = early_lines(report(0.9, 16)._replace(prefetch_problem="KeyError: 'a\x1b'"))
    assert told == "early turns failed: KeyError: 'a'"


def test_backends_say_how_many_calls_they_work_on_at_once():
    engine = VllmBackend(model="m", settings=EngineSettings(model="m", max_num_seqs=9), replicas=2)
    endpoint = OpenAIBackend(model="m", endpoint=Endpoint(base_url="http://h/v1", in_flight=7))
    assert (slots_of(engine), slots_of(endpoint), slots_of(FakeModel())) == (18, 7, None)


@pytest.mark.filterwarnings(
    "ignore:.*nobody in people follows anyone:simnet.errors.ScenarioWarning"
)
def test_a_model_object_may_say_how_many_calls_it_works_on_at_once(tmp_path):
    model = FakeModel()
    model.slots = 12
    record = run(town(Steps(10 * MINUTE)), model=model, out=tmp_path)
    names = {row["name"]: row["value"] for row in record.read("metrics").to_pylist()}
    assert names["slots"] == 12
    assert 0 <= names["slots.filled"] <= 1
    assert {"stall.seconds", "stall.share", "turns_in_flight.mean"} <= names.keys()


def test_calls_in_flight_are_estimated_from_rhythm_and_lookahead():
    hourly = town(Exponential(59 * MINUTE), people=1000, reacts_in=MINUTE)
    assert expected_in_flight(hourly) == pytest.approx(1000 / 60)
    quiet = town(Exponential(59 * MINUTE), people=1000, behaviour=idle)
    assert expected_in_flight(quiet) == 0


def test_estimate_says_how_many_calls_will_be_in_flight(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "town.py").write_text(
        "from simnet import *\n"
        "town = Scenario('town', [Cohort('people', sample(60), rhythm=Exponential(59 * MINUTE))],"
        " lasts=HOUR)\n"
    )
    flags = ["estimate", "town.py", "--backend", "fake", "--share", "1"]
    shown = CliRunner().invoke(app, flags)
    assert "at most about 1.0 calls are in flight on average" in " ".join(shown.output.split())
    told = json.loads(CliRunner().invoke(app, [*flags, "--json"]).stdout)
    assert told["in_flight"] == pytest.approx(1.0)
    assert told["slots"] is None
