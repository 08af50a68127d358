"""Adapters are trained on the right rows, with clear errors; nothing here loads torch."""

import json
import shutil
import subprocess
import sys

import pytest
from filelock import FileLock
from test_example_scenarios import scenario
from typer.testing import CliRunner

import simnet
from simnet import Cohort, FakeModel, Scenario, sample
from simnet.cli.app import app
from simnet.errors import DiskFullError, InputError, ScenarioError, UsageError
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.settings import EngineSettings
from simnet.recording.files.manifest import Manifest, ModelFacts
from simnet.recording.reading.run import Run
from simnet.runs.models.model_selection import adapter_folders
from simnet.runs.plans.create import facts_of_model
from simnet.training import Perplexities, TrainingOptions, train, trained_adapters
from simnet.training import adapter_training as training_module
from simnet.training.adapter_folder import adapter_card, read_facts, write_adapter
from simnet.training.base_model import BaseModel, find_base_model
from simnet.training.lora import Step, TrainedLora, count_steps
from simnet.training.training_rows import split_rows


class Words:
    """A base model whose tokens are characters."""

    name = "org/words"
    folder = "nowhere"

    def prompt_ids(self, messages):
        return [ord(one) for message in messages for one in message["content"]]

    def reply_ids(self, text):
        return [ord(one) for one in text] + [0]


def row(persona, post, text):
    prompt = [{"role": "system", "content": "s"}, {"role": "user", "content": post}]
    said = [{"role": "assistant", "content": text}]
    return {"persona_id": persona, "post": post, "prompt": prompt, "completion": said}


ROWS = [row(f"p{n}", f"post {m}", f"{n} says {m}") for n in range(6) for m in range(4)]


def split(rows=ROWS, **changes):
    options = {"share": 0.2, "by": "persona", "seed": 1, "max_length": 100} | changes
    return split_rows("troll", rows, Words(), **options)


def adapter(folder, rank=4):
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"r": rank}))
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    return folder


# -- rows -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "column"), [("persona", "persona_id"), ("thread", "post")])
def test_a_persona_or_a_thread_is_on_one_side(by, column):
    made = split(by=by)
    held = [one for one in ROWS if one[column] in made.keys]
    assert len(made.held_out) == len(held) >= 0.2 * len(ROWS)
    assert len(made.train) == len(ROWS) - len(held) > 0
    assert split(list(reversed(ROWS)), by=by).keys == made.keys
    assert any(split(by=by, seed=seed).keys != made.keys for seed in range(2, 6))


def test_a_split_of_many_personas_looks_at_each_row_a_few_times(monkeypatch):
    looks = []

    class Key(str):
        __slots__ = ()

        def __eq__(self, other):
            looks.append(other)
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    by_persona = {"persona": lambda row: Key(row["persona_id"])}
    monkeypatch.setattr("simnet.training.training_rows._KEY", by_persona)
    rows = [row(f"p{n}", "post", "yes") for n in range(400)]
    assert len(split(rows).held_out) == 80
    assert len(looks) < 10 * len(rows)


def test_the_loss_is_on_the_reply_alone():
    one = split().train[0]
    learned = "".join(chr(token) for token, on in zip(one.ids, one.mask, strict=True) if on)
    assert learned.endswith("\0")
    assert " says " in learned
    assert not learned.startswith("s")


def test_rows_that_are_too_long_are_left_out_and_counted():
    long = [*ROWS, row("p9", "post 9", "x" * 200)]
    assert split(long).too_long == 1
    with pytest.raises(UsageError, match=r"'troll' is too long, up to \d+ tokens; give --max-len"):
        split(max_length=8)


def test_too_few_rows_for_a_split_are_told_with_another_way():
    with pytest.raises(UsageError, match=r"4 rows of 1 persona, too few.*--hold-out thread"):
        split(ROWS[:4])
    assert split(ROWS[:4], by="thread").held_out


# -- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"epochs": 0.0},
        {"epochs": float("nan")},
        {"batch": 0},
        {"rank": 7},
        {"learning_rate": 1.0},
        {"max_length": 1},
        {"validation": 1.0},
        {"seed": -1},
    ],
)
def test_an_option_that_cannot_work_is_named_as_on_the_command_line(wrong):
    (name,) = wrong
    with pytest.raises(UsageError, match=rf"^--{name.replace('_', '-')} .*: give"):
        TrainingOptions(**wrong)


def test_steps_follow_from_epochs_rows_and_batch():
    assert count_steps(10, TrainingOptions(epochs=2.0, batch=4)) == 6
    assert count_steps(10, TrainingOptions(steps=5)) == 5


def test_a_missing_extra_is_told_with_the_command_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setattr("simnet.training.training_options.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"not installed: torch.*pip install \"\.\[train\]\""):
        train(made_run(tmp_path), tmp_path / "out")


# -- the base model -------------------------------------------------------------------------------


def test_replies_without_weights_behind_them_are_refused_with_what_to_do(tmp_path):
    def facing(backend, used=("m",)):
        manifest = Manifest(
            id="r1",
            created="2026-01-01T00:00:00Z",
            model=ModelFacts(name="m", backend=backend),
        )
        return find_base_model(Run(tmp_path, manifest), dict.fromkeys(used, 1), None, print)

    with pytest.raises(UsageError, match=r"r1 come from the fake backend.*--model embedded"):
        facing("fake")
    with pytest.raises(UsageError, match=r"r1 come from a model object"):
        facing("in process")
    with pytest.raises(UsageError, match=r"answered by m at an endpoint.*--model MODEL"):
        facing("openai")
    with pytest.raises(UsageError, match=r"come from m, n; name.*--model MODEL"):
        facing("vllm", ("m", "n"))


def test_a_local_model_is_called_by_the_name_of_its_folder(tmp_path):
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text("{}")
    base = find_base_model(None, {}, str(tmp_path / "tiny"), print)
    assert base == BaseModel("tiny", tmp_path / "tiny")


# -- a training -----------------------------------------------------------------------------------


def made_run(tmp_path):
    played = scenario("adapters.py", "personas=2")
    said = {"(Yes": "Yes! What a lovely idea! :)", "(lol": "lol nobody asked for that lol"}
    alarm = "WARNING: This can go very wrong. Be careful!"
    model = FakeModel(lambda prompt: said.get(prompt.pattern[:4], alarm))
    if not (tmp_path / "runs").exists():
        simnet.run(played, model=model, out=tmp_path / "runs")
    return Run.open("latest", tmp_path / "runs")


@pytest.fixture(name="quick")
def _quick(monkeypatch):
    """Put a training of no time in the place of TRL's; returns the calls."""
    calls = []

    def train_lora(base, rows, options, report):
        calls.append(len(rows))
        report(Step(1, 1, 2.0))
        return TrainedLora(b"weights", {"r": options.rank}, [{"step": 1, "loss": 2.0}])

    measured = Perplexities(
        {"troll": {"base model": 2.0, "troll": 1.5}}, {"troll": 3}, {"troll": 9}
    )
    monkeypatch.setattr(training_module, "check_extra", lambda: None)
    monkeypatch.setattr(training_module, "find_base_model", lambda *_: Words())
    monkeypatch.setattr(training_module, "train_lora", train_lora)
    monkeypatch.setattr(training_module, "perplexity", lambda *_, **__: measured)
    return calls


OPTIONS = TrainingOptions(max_length=5000)


def test_a_finished_adapter_is_kept_and_a_killed_one_is_trained_again(tmp_path, quick):
    run, out = made_run(tmp_path), tmp_path / "out"
    first = train(run, out, OPTIONS)
    assert set(first.adapters) == {"supporter", "troll", "alarmist"}
    assert len(quick) == 3
    shutil.rmtree(out / "adapters" / "troll")
    (out / "adapters" / ".troll.partial").mkdir()
    again = train(run, out, OPTIONS)
    assert len(quick) == 4
    assert again.adapters["supporter"] == first.adapters["supporter"]
    assert not (out / "adapters" / ".troll.partial").exists()
    assert set(trained_adapters(out)) == set(first.adapters)
    assert read_facts(out)["complete"] is True


def test_an_adapter_has_its_card_losses_and_origin(tmp_path, quick):
    run, out = made_run(tmp_path), tmp_path / "out"
    train(run, out, OPTIONS)
    folder = out / "adapters" / "troll"
    card = (folder / "README.md").read_text()
    assert "base_model: org/words" in card
    assert "The licence and terms\n  of use of a language model apply to its replies." in card
    assert run.id in card
    assert "licence Apache-2.0" in card
    assert str(tmp_path) not in card + (folder / "training.json").read_text()
    losses = [json.loads(line) for line in (folder / "losses.jsonl").read_text().splitlines()]
    assert losses == [{"step": 1, "loss": 2.0}]
    assert len(read_facts(folder)["checksum"]) == 64


def test_a_card_says_what_the_rows_held_out_have_in_common():
    for by, said in (("persona", "of other personas"), ("thread", "that reply to other posts")):
        facts = FACTS | {"options": TrainingOptions(hold_out=by).recipe()}
        assert f"1 row {said} held out" in adapter_card(facts)


def test_an_adapter_of_other_options_is_not_taken_for_this_one(tmp_path, quick):
    run, out = made_run(tmp_path), tmp_path / "out"
    train(run, out, OPTIONS)
    other = TrainingOptions(max_length=5000, rank=16)
    with pytest.raises(UsageError, match=r"was trained with other options.*--force"):
        train(run, out, other)
    train(run, out, other, force=True)
    assert len(quick) == 6


def test_refused_options_leave_the_rows_of_the_adapters(tmp_path, quick):
    run, out = made_run(tmp_path), tmp_path / "out"
    train(run, out, OPTIONS)
    (out / "data" / "README.md").write_text("kept")
    with pytest.raises(UsageError, match=r"was trained with other options"):
        train(run, out, TrainingOptions(max_length=5000, at_limit="keep"))
    assert (out / "data" / "README.md").read_text() == "kept"


def test_a_forced_training_leaves_the_adapters_of_another_that_still_runs(tmp_path, quick):
    run, out = made_run(tmp_path), tmp_path / "out"
    adapter(out / "adapters" / "troll")
    (out / "training.json").write_text('{"run": "another"}')
    with (
        FileLock(out / ".lock", is_singleton=False),
        pytest.raises(UsageError, match="another process is training"),
    ):
        train(run, out, OPTIONS, force=True)
    assert (out / "adapters" / "troll").is_dir()
    train(run, out, OPTIONS, force=True)
    assert read_facts(out)["run"] == run.id


def test_a_folder_of_something_else_is_left_alone(tmp_path, quick):
    run, out = made_run(tmp_path), tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").touch()
    with pytest.raises(UsageError, match=r"holds 'thesis.txt', which no training wrote"):
        train(run, out, OPTIONS)
    (out / "thesis.txt").unlink()
    (out / "training.json").write_text('{"run": "another"}')
    with pytest.raises(UsageError, match=r"holds the training of run another.*--force"):
        train(run, out, OPTIONS)
    assert not quick


def test_a_cohort_without_replies_or_without_rows_is_named(tmp_path, quick):
    run = made_run(tmp_path)
    with pytest.raises(UsageError, match=r"no cohort 'trol' replied.*troll.*there are alarmist"):
        train(run, tmp_path / "out", TrainingOptions(cohorts=("trol",)))


def test_an_interrupted_training_leaves_what_is_finished(tmp_path, quick, monkeypatch):
    run, out, after = made_run(tmp_path), tmp_path / "out", []
    whole = training_module.train_lora

    def interrupted(*arguments):
        if after:
            raise KeyboardInterrupt
        after.append(1)
        return whole(*arguments)

    monkeypatch.setattr(training_module, "train_lora", interrupted)
    words = ["train", str(run.path), "--out", str(out), "--max-length", "5000"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 130
    assert "the same command goes on" in result.output
    assert [path.name for path in (out / "adapters").iterdir()] == ["alarmist"]
    monkeypatch.setattr(training_module, "train_lora", whole)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "alarmist is trained already" in result.output
    assert "--adapter troll=" in result.output


def test_a_full_disk_is_told_and_leaves_no_half_adapter(tmp_path, quick, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("simnet.foundation.disk.Disk.write", full)
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(DiskFullError, match="the disk is full"):
        write_adapter(run, b"", {}, [], FACTS)
    assert [path.name for path in run.iterdir()] == []


FACTS = {
    "cohort": "troll",
    "run": "r",
    "base_model": "org/words",
    "options": TrainingOptions().recipe(),
    "rows": {"train": 3, "held_out": 1},
    "models": ["m"],
    "sources": [],
    "steps": 1,
    "first_loss": 2.0,
    "last_loss": 1.0,
}


def test_the_matrix_says_where_the_right_adapter_is_lowest():
    values = {
        "troll": {"base model": 9.0, "troll": 2.0, "fan": 8.0},
        "fan": {"base model": 9.0, "troll": 3.0, "fan": 4.0},
    }
    matrix = Perplexities(values, {"troll": 1, "fan": 2}, {"troll": 5, "fan": 9})
    assert matrix.right_is_lowest == {"troll": True, "fan": False}
    headings, cells = matrix.table()
    assert headings == ["replies of", "rows", "base model", "troll", "fan"]
    assert cells[0] == ["troll", "1", "9.00", "2.00", "8.00"]


# -- adapters of cohorts --------------------------------------------------------------------------


def test_a_cohort_takes_an_adapter_by_folder_or_by_name(tmp_path):
    folder = adapter(tmp_path / "gloomy")
    for given in (folder, str(folder)):
        cohort = Cohort("trolls", sample(2), adapter=given)
        assert (cohort.adapter, cohort.adapter_folder) == ("gloomy", str(folder))
        assert cohort.profile("", scenario("adapters.py").feed).adapter == "gloomy"
    assert Cohort("trolls", sample(2), adapter="org/served").adapter_folder is None
    with pytest.raises(ScenarioError, match=r"'trolls': .*has no adapter_config.json"):
        Cohort("trolls", sample(2), adapter=tmp_path)


def test_adapters_of_one_name_from_two_folders_are_refused(tmp_path):
    folders = [adapter(tmp_path / name / "troll") for name in ("a", "b")]
    cohorts = [
        Cohort(f"c{n}", sample(1, prefix=f"c{n}"), adapter=one) for n, one in enumerate(folders)
    ]
    with pytest.raises(UsageError, match=r"'c1' names the adapter folder .*rename one"):
        adapter_folders(Scenario("two", cohorts, lasts=60.0))


def test_adapters_are_recorded_by_name_and_checksum(tmp_path):
    folder = adapter(tmp_path / "troll")
    backend = VllmBackend(
        model="m", settings=EngineSettings(model="m", adapters={"troll": str(folder)})
    )
    facts = facts_of_model(backend)
    assert set(facts.adapters) == {"troll"}
    assert str(tmp_path) not in facts.model_dump_json()
    (folder / "adapter_model.safetensors").write_bytes(b"others")
    assert facts_of_model(backend).adapters != facts.adapters


def test_a_trained_folder_gives_each_type_its_adapter(tmp_path):
    for kind in ("troll", "supporter", "alarmist"):
        adapter(tmp_path / "adapters" / kind)
    made = scenario("social_ai.py", f"adapters={tmp_path}")
    found = {one.name: (one.adapter, one.adapter_folder) for one in made.cohorts[1:]}
    assert found == {
        kind: (kind, str(tmp_path / "adapters" / kind))
        for kind in ("supporter", "troll", "alarmist")
    }
    assert adapter_folders(made) == dict(found.values())
    with pytest.raises(InputError, match=r"holds no adapters; make some: simnet train RUN"):
        trained_adapters(tmp_path / "adapters" / "troll")


def test_the_second_run_of_the_loop_is_free_of_grammar_and_asks_adapters(tmp_path):
    for kind in ("troll", "supporter", "alarmist"):
        adapter(tmp_path / "adapters" / kind)
    _, *first = scenario("adapters.py").cohorts
    _, *second = scenario("adapters.py", f"trained={tmp_path}").cohorts
    assert {one.adapter for one in first} == {None}
    assert {one.adapter for one in second} == {"troll", "supporter", "alarmist"}
    assert [one.manner for one in first] == [one.manner for one in second] == [""] * 3


def test_errors_of_a_training_are_found_without_torch():
    loaded = (
        "import sys, simnet.training, simnet.cli.train; print({'trl', 'torch'} & {*sys.modules})"
    )
    found = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert found.stdout == "set()\n"
