"""A run whose model does not answer stops, says why and can be resumed without a trace of it."""

from itertools import cycle
from shlex import quote

import pyarrow.compute as pc
import pytest
from made_rows import event
from typer.testing import CliRunner

from simnet import MINUTE, Cohort, FakeModel, Persona, Run, Scenario, Steps, api, run
from simnet.behaviours import converse
from simnet.cli.app import app
from simnet.errors import ModelError, RunError, UserCodeError
from simnet.inference.model import Completion
from simnet.kernel.rows import Rows
from simnet.recording.files.manifest import State
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.runs.repeats.replay import replay
from simnet.scheduler.failures.failure_limit import FIRST, WINDOW, CallFailure, FailureLimit
from simnet.scheduler.rows import row_buffer

COMPARED = ("events", "calls", "exposures", "network", "ledger")


class Refusing(FakeModel):
    """Fails the calls that `fails` says, numbered from 0 in their order of arrival."""

    def __init__(self, fails, reason="Error code: 400 - no 'temperature', please ({number})"):
        super().__init__()
        self.asked = 0
        self._fails, self._reason = fails, reason

    async def generate(self, prompts):
        async for finished in super().generate(prompts):
            yield [(position, self._judged(done)) for position, done in finished]

    def _judged(self, done):
        number, self.asked = self.asked, self.asked + 1
        if not self._fails(number):
            return done
        return Completion(self._reason.format(number=number), "error")


def club(members=4, hours=3):
    people = [Persona(id=f"m{n}", description=f"Member {n}.") for n in range(members)]
    cohort = Cohort("club", people, rhythm=Steps(10 * MINUTE), follows={"club": 1.0})
    return Scenario("club", [cohort], lasts=hours * 60 * MINUTE, seed=5)


def tables(opened):
    found = {name: opened.read(name) for name in COMPARED}
    found["calls"] = found["calls"].drop_columns(["seconds"])
    return found


def the_run(root):
    (folder,) = (path.parent for path in root.glob("*/manifest.json"))
    return Run.open(folder)


def failed(tmp_path, model, scenario=None, **options):
    """Run until it stops itself; return the error and the run."""
    with pytest.raises(RunError) as caught:
        run(scenario or club(), model=model, out=tmp_path, **options)
    return caught.value, the_run(tmp_path)


def test_a_run_whose_first_calls_all_fail_stops_with_the_reason(tmp_path):
    model = Refusing(lambda number: True)
    error, stopped = failed(tmp_path, model)
    assert "model calls failed: Error code: 400 - no 'temperature', please" in str(error)
    assert "\n" not in str(error)
    assert error.exit_code == 1
    assert stopped.manifest.state is State.FAILED
    assert "temperature" in stopped.manifest.error
    assert FIRST <= model.asked < 2 * FIRST


def test_a_run_that_stopped_is_resumed_as_if_nothing_had_failed(tmp_path):
    whole = run(club(), model=FakeModel(), out=tmp_path / "whole")
    _, stopped = failed(tmp_path / "runs", Refusing(lambda number: True))
    assert stopped.read("calls").num_rows == 0
    resumed = api.resume(stopped, club(), model=FakeModel())
    assert resumed.manifest.state is State.COMPLETED
    assert tables(resumed) == tables(whole)


def test_failures_before_a_success_stay_and_those_at_the_end_are_asked_again(tmp_path):
    early, late = {1, 5}, 32  # four answer at once
    whole = run(club(hours=9), model=Refusing(early.__contains__), out=tmp_path / "whole")
    _, stopped = failed(
        tmp_path / "runs", Refusing(lambda number: number in early or number >= late), club(hours=9)
    )
    finishes = stopped.read("calls")["finish"].to_pylist()
    assert (len(finishes), finishes.count("error")) == (late, len(early))
    resumed = api.resume(stopped, club(hours=9), model=FakeModel())
    assert tables(resumed) == tables(whole)
    assert replay(resumed, ScenarioTimeline(club(hours=9))).differences == ()


def test_a_run_that_ends_early_and_had_no_reply_at_all_fails_too(tmp_path):
    short = club(members=2, hours=0.5)
    error, stopped = failed(tmp_path, Refusing(lambda number: True), short)
    assert "model calls failed" in str(error)
    resumed = api.resume(stopped, short, model=FakeModel())
    assert resumed.manifest.state is State.COMPLETED
    assert set(resumed.read("calls")["finish"].to_pylist()) == {"stop"}


def test_a_run_with_some_failures_completes_and_the_summary_counts_them(tmp_path, capsys):
    done = run(club(), model=Refusing(lambda number: number % 5 == 0), out=tmp_path, progress=True)
    assert done.manifest.state is State.COMPLETED
    times = pc.sum(pc.equal(done.read("calls")["finish"], "error")).as_py()
    shown = " ".join(capsys.readouterr().out.split())
    assert f"{times} of {done.read('calls').num_rows} calls failed: Error code: 400" in shown


def test_most_of_the_newest_calls_failing_stops_a_run_that_began_well(tmp_path):
    turns = cycle([True, True, False])
    model = Refusing(lambda number: number >= WINDOW and next(turns))
    error, stopped = failed(tmp_path, model, club(members=8, hours=24))
    assert f"of the last {WINDOW} model calls failed" in str(error)
    assert stopped.read("calls").num_rows > WINDOW


def test_failures_are_accepted_on_request(tmp_path):
    done = run(club(), model=Refusing(lambda number: True), out=tmp_path, accept_failures=True)
    assert done.manifest.state is State.COMPLETED
    assert set(done.read("events")["outcome"].to_pylist()) == {"failed"}


def test_replies_that_nobody_can_read_count_as_failures(tmp_path):
    error, stopped = failed(tmp_path, FakeModel(lambda prompt: "%"))
    assert "model calls failed: unreadable: " in str(error)
    assert set(stopped.read("calls")["completion"].to_pylist()) == {"%"}


@pytest.mark.filterwarnings("ignore:.*nobody in club follows anyone:simnet.errors.ScenarioWarning")
def test_a_behaviour_that_hides_failed_calls_does_not_hide_them_from_the_limit(tmp_path):
    async def stubborn(me, view, ask):
        try:
            return await converse(me, view, ask)
        except ModelError:
            return []

    scenario = club()
    people = scenario.cohorts[0].personas
    cohort = Cohort("club", people, rhythm=Steps(10 * MINUTE), behaviour=stubborn)
    quiet = Scenario("quiet", [cohort], lasts=3 * 60 * MINUTE)
    error, _ = failed(tmp_path, Refusing(lambda number: True), quiet)
    assert "model calls failed" in str(error)


@pytest.mark.filterwarnings("ignore:.*nobody in club follows anyone:simnet.errors.ScenarioWarning")
def test_what_was_answered_before_the_model_was_gone_is_recorded(tmp_path):
    class Ending(FakeModel):
        left = 9

        async def generate(self, prompts):
            async for finished in super().generate(prompts):
                self.left -= len(finished)
                if self.left < 0:
                    raise RunError("the account is empty")
                yield finished

    with pytest.raises(RunError, match="the account is empty") as caught:
        run(club(members=1), model=Ending(), out=tmp_path)
    stopped = the_run(tmp_path)
    assert stopped.read("calls").num_rows == 9
    assert any(f"simnet resume {stopped.id}" in note for note in caught.value.__notes__)


def test_what_was_replied_before_a_function_of_the_model_failed_is_recorded(tmp_path):
    asked = []

    def reply(prompt):
        asked.append(prompt)
        if len(asked) == 40:
            raise RuntimeError("no words left")
        return "write: Hello."

    with pytest.raises(UserCodeError, match="no words left") as caught:
        run(club(), model=FakeModel(reply), out=tmp_path / "broken")
    stopped = the_run(tmp_path / "broken")
    (advice,) = caught.value.__notes__
    assert advice.endswith(f"simnet resume {stopped.id} --runs {quote(str(tmp_path / 'broken'))}")
    assert "--on-error" not in advice  # it stops the run too
    assert 30 < stopped.read("calls").num_rows < 40
    assert 30 < stopped.read("events").num_rows < 40
    resumed = api.resume(stopped, club(), model=FakeModel(reply))
    whole = run(club(), model=FakeModel(lambda _: "write: Hello."), out=tmp_path / "whole")
    assert tables(resumed) == tables(whole)


def test_a_value_error_of_a_function_of_the_model_fails_its_call_alone(tmp_path):
    asked = []

    def reply(prompt):
        asked.append(prompt)
        if len(asked) == 40:
            raise ValueError("no such words")
        return "write: Hello."

    events = run(club(), model=FakeModel(reply), out=tmp_path).read("events").to_pylist()
    (row,) = [row for row in events if row["outcome"] == "failed"]
    assert "no such words" in row["reason"]


def test_the_command_exits_with_1_and_one_line(tmp_path):
    file = tmp_path / "one.py"
    file.write_text(
        "from simnet import *\n"
        "async def broken(me, view, ask):\n"
        "    return await ask('be', 'brief', pattern='(?=ahead)x')\n"
        "one = Scenario('one', [Cohort('c', [Persona(id='a', description='x')],\n"
        "    rhythm=Steps(60.0), behaviour=broken)], lasts=3600.0)\n"
    )
    command = ["run", str(file), "--backend", "fake", "--no-ray", "--runs", str(tmp_path / "r")]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 1
    assert (
        "error: 20 of the 20 model calls failed: the fake model cannot make replies"
        in result.output
    )
    assert "go on with: simnet resume" in result.output


def count(limit, calls, *causes):
    limit.add(calls, [CallFailure(cause, f"{cause}!") for cause in causes])


def test_the_limit_counts_causes_apart_and_names_the_most_frequent():
    limit = FailureLimit()
    count(limit, 15, *["slow"] * 5, *["full"] * 10)
    assert limit.exceeded() is None
    count(limit, 5, *["full"] * 5)
    assert limit.exceeded() == "20 of the 20 model calls failed, 15 of them like this: full!"
    assert [tuple(one) for one in limit.counts()] == [("full!", 15), ("slow!", 5)]


def test_causes_that_differ_by_numbers_alone_are_one(tmp_path):
    class Late(Refusing):
        def _judged(self, done):
            self.asked += 1
            return Completion(f"no reply within {self.asked / 4:g} s", "deadline")

    error, _ = failed(tmp_path, Late(lambda number: True))
    assert "calls failed: no reply within" in str(error)


def test_one_success_among_the_first_is_enough_to_go_on_until_the_end():
    limit = FailureLimit()
    count(limit, FIRST, *["slow"] * (FIRST - 1))
    assert limit.exceeded() is None
    assert "19 of the last 20 model calls failed" in limit.exceeded(at_end=True)


def test_causes_without_number_are_counted_in_bounded_memory():
    limit = FailureLimit()
    for number in range(1000):
        count(limit, 3, f"cause {number}")
    assert sum(one.times for one in limit.counts()) == 1000
    assert len(limit.counts()) == 6


def test_no_more_rows_are_withheld_than_memory_is_meant_for(monkeypatch):
    monkeypatch.setattr(row_buffer, "MOST_WITHHELD", 3)
    buffer = row_buffer.RowBuffer()
    buffer.withhold()
    for turn in range(3):
        buffer.add(Rows([event(turn)], [], [], []))
    assert (buffer.events, buffer.withholds) == (0, True)
    buffer.add(Rows([event(3)], [], [], []))
    assert (buffer.events, buffer.withholds) == (4, False)
