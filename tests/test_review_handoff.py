"""Reviews go to Argilla and Label Studio and come back, by the loaders of these tools."""

import json
import shutil
import warnings
from unittest.mock import MagicMock

import pytest
from made_reviews import EVERY_KIND, ids, made_review, records_file
from typer.testing import CliRunner

from simnet.cli.app import app
from simnet.errors import InputError, UsageError
from simnet.review import Question, Review, from_file, hand_off, take_back

pytestmark = pytest.mark.slow

SCALES = (*EVERY_KIND, Question("Zero to ten", "rating", scale=(0, 10), required=False))


@pytest.fixture(name="review")
def _review(tmp_path):
    """A review about which two people decided, with answers of every kind."""
    review = made_review(tmp_path, SCALES)
    first, second, third, _ = ids(review)
    everything = {
        "rating": 5, "tone": "kind", "topics": ["sea", "health"], "better": "Check <it> & go.",
        "note": "two\nlines", "order": list("bca"), "Zero to ten": 0,
    }  # fmt: skip
    review.submit("ada", first, everything)
    review.submit("bob@example.org", first, {"rating": 1, "topics": [], "Zero to ten": 10})
    review.submit("ada", second, {"rating": 2})
    review.discard("ada", third)
    review.discard("bob@example.org", third, {"note": "no"})
    return review


def test_a_copy_of_a_review_that_somebody_went_on_with_comes_back(review, tmp_path):
    copied = shutil.copytree(review.folder, tmp_path / "copy")
    theirs = Review.open(copied)
    first, second, third, fourth = ids(review)
    theirs.submit("eve", first, {"rating": 3})
    theirs.submit("ada", second, {"rating": 4})
    theirs.submit("ada", fourth, {"rating": 1})
    review.submit("ada", fourth, {"rating": 5})  # later than in the copy
    command = ["review", "import", str(review.folder), str(copied), "--from", "simnet"]
    told = CliRunner().invoke(app, command)
    assert told.output == "ada: 1 decision\neve: 1 decision\n"
    assert CliRunner().invoke(app, command).output == "no decision is new\n"
    assert review.decision("eve", first).answers == {"rating": 3}
    assert review.decision("ada", second).answers == {"rating": 4}
    assert review.decision("ada", fourth).answers == {"rating": 5}
    assert review.status_of("ada", third) == "discarded"
    other = fresh(tmp_path, questions=(Question("tone", "label", labels=("a", "b")),))
    with pytest.raises(InputError, match="no question 'rating'"):
        take_back(other, copied, "simnet")
    assert other.annotators() == []
    with pytest.raises(UsageError, match="no 'simnte' to take"):
        take_back(review, copied, "simnte")


def fresh(tmp_path, name="again", questions=SCALES):
    return Review.new(tmp_path / name, from_file(records_file(tmp_path)), questions)


def held(review):
    return {
        who: {record: (one.action, one.answers) for record, one in own.items()}
        for who, own in review.decided().items()
    }


# -- Argilla --------------------------------------------------------------------------------------


@pytest.fixture(scope="module", name="rg")
def _rg():
    """Argilla's SDK, without a server: only what it needs none for is used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies, while they are imported
        import argilla
        from argilla.client import Argilla
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Argilla, "_get_default", classmethod(lambda cls: MagicMock()))
        yield argilla


def argilla_records(rg, folder):
    """Load a folder as `from_disk` does, but for what asks a server."""
    from argilla.records._io import JsonIO

    settings = rg.Settings.from_json(folder / ".argilla" / "settings.json")
    settings.validate()
    dataset = rg.Dataset(name="again", settings=settings)
    model = rg.Dataset._load_dataset_model(folder / ".argilla" / "dataset.json")
    assert model.name
    records = JsonIO._records_from_json(folder / "records.json")
    for record in records:
        record.dataset = dataset
    return settings, records


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_argilla_loads_settings_and_records_and_its_own_file_comes_back(rg, review, tmp_path):
    out = hand_off(review, tmp_path / "argilla", "argilla")
    settings, records = argilla_records(rg, out)
    assert [one.type for one in settings.questions] == [
        *("rating", "label_selection", "multi_label_selection", "text", "text", "ranking"),
        "rating",
    ]
    assert next(one.title for one in settings.fields) == "input persona"
    assert [record.id for record in records] == ids(review)
    assert records[0].fields["text"] == "Check the scan."
    models = [record.responses.api_models() for record in records]
    assert [sorted(one.status.value for one in of_record) for of_record in models] == [
        ["submitted", "submitted"], ["submitted"], ["discarded", "discarded"], []
    ]  # fmt: skip

    again = fresh(tmp_path)
    assert take_back(again, out, "argilla") == {"ada": 3, "bob@example.org": 2}
    assert held(again) == held(review)
    assert {one.origin for one in again.history("ada")} == {"argilla"}
    assert take_back(again, out, "argilla") == {"ada": 0, "bob@example.org": 0}  # nothing is new


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_file_that_argilla_wrote_is_read_with_the_names_of_its_users(rg, review, tmp_path):
    from argilla.records._io import JsonIO

    out = hand_off(review, tmp_path / "argilla", "argilla", annotators=["ada"])
    settings, records = argilla_records(rg, out)
    user = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
    short = {one.title: one.name for one in settings.questions}
    answers = {"rating": 3, "tone": "rude", "order": ["a", "b", "c"]}
    for title, value in answers.items():
        records[3].responses.add(rg.Response(short[title], value, user_id=user, status="submitted"))
    records[3].suggestions.add(rg.Suggestion(short["rating"], 4, agent="some model"))
    JsonIO.to_json(records, tmp_path / "records.json")

    again = fresh(tmp_path)
    names = {user: "eve"} | json.loads((out / ".argilla" / "annotators.json").read_text())
    counts = take_back(again, tmp_path / "records.json", "argilla", names=names, suggestions=True)
    assert held(again)["ada"] == held(review)["ada"]
    assert counts["eve"] == counts["some model"] == 1
    assert again.decision("eve", ids(review)[3]).answers == answers
    assert again.decision("some model", ids(review)[3]).answers == {"rating": 4}
    unnamed = fresh(tmp_path, "unnamed")
    assert "argilla-1b4e28ba" in take_back(unnamed, tmp_path / "records.json", "argilla")


# -- Label Studio ---------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_label_studio_takes_configuration_tasks_and_annotations(review, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies, while they are imported
        from label_studio_sdk.label_interface import LabelInterface

    out = hand_off(review, tmp_path / "ls", "label-studio")
    interface = LabelInterface((out / "config.xml").read_text(encoding="utf-8"))
    interface.validate()
    tasks = json.loads((out / "tasks.json").read_text(encoding="utf-8"))
    assert len(tasks) == len(review.records)
    for task in tasks:
        assert interface.validate_task({"data": task["data"]})
        for annotation in task["annotations"]:
            assert interface._validate_object(annotation, return_errors=True) == []
    assert sum(len(task["annotations"]) for task in tasks) == 5

    again = fresh(tmp_path)
    assert take_back(again, out, "label-studio") == {"ada": 3, "bob@example.org": 2}
    assert held(again) == held(review)
    times = [one.time for one in again.history("ada")]
    assert times == [one.time for one in review.history("ada")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_an_annotation_that_the_sdk_makes_is_a_decision_of_its_user(review, tmp_path):
    from label_studio_sdk.label_interface import LabelInterface
    from label_studio_sdk.label_interface.objects import AnnotationValue

    out = hand_off(review, tmp_path / "ls", "label-studio", annotators=["ada"])
    interface = LabelInterface((out / "config.xml").read_text(encoding="utf-8"))
    tasks = json.loads((out / "tasks.json").read_text(encoding="utf-8"))
    regions = [
        interface.get_control("q_rating").label(rating=4),
        interface.get_control("q_tone").label(["rude"]),
        interface.get_control("q_note").label(text=["made elsewhere"]),
    ]
    made = AnnotationValue(completed_by=7, result=regions).model_dump()
    tasks[3]["annotations"] = [made]
    tasks[3]["predictions"] = [{"model_version": "v1", "result": made["result"][:1]}]
    (tmp_path / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
    again = fresh(tmp_path)
    counts = take_back(
        again, tmp_path / "export.json", "label-studio", names={"7": "eve"}, suggestions=True
    )
    assert counts["eve"] == counts["v1"] == 1
    wanted = {"rating": 4, "tone": "rude", "note": "made elsewhere"}
    assert again.decision("eve", ids(review)[3]).answers == wanted


# -- what is wrong --------------------------------------------------------------------------------


def test_what_was_undone_in_a_review_or_in_its_copy_is_undone_in_both(tmp_path):
    here = made_review(tmp_path)
    first, second, third, fourth = ids(here)
    here.submit("ada", first, {"rating": 1})
    here.submit("ada", first, {"rating": 2})
    here.submit("ada", second, {"rating": 3})
    here.discard("ada", third)
    folder = shutil.copytree(here.folder, tmp_path / "copy")
    there = Review.open(folder)
    there.undo("ada", 3)  # what is left is the first rating of the first record
    there.submit("ada", second, {"rating": 5})
    here.undo("ada")
    here.submit("ada", fourth, {"rating": 4})
    for _ in range(2):
        take_back(here, folder, "simnet")
        held = Review.open(here.folder).decided()["ada"]
        assert {key: one.answers["rating"] for key, one in held.items()} == {
            first: 1,
            second: 5,
            fourth: 4,
        }
    take_back(there, here.folder, "simnet")
    assert there.decision("ada", third) is None
    assert there.decision("ada", first).answers == {"rating": 1}
    assert len(here.undo("ada")) == 1  # the import, which brought one decision


def test_a_review_of_other_records_with_the_same_ids_is_no_copy(tmp_path):
    made = [
        made_review(tmp_path / name, records=[{"id": "r1", "text": name}])
        for name in ("one", "two")
        if not (tmp_path / name).mkdir()
    ]
    here, there = made
    there.submit("ada", "r1", {"rating": 4})
    message = "record 'r1' has another 'text' than in .*; it is no copy of this review"
    with pytest.raises(InputError, match=message):
        take_back(here, there.folder, "simnet")
    assert here.annotators() == []
    copied = shutil.copytree(there.folder, tmp_path / "copy")
    Review.open(copied).discard("eve", "r1")
    assert take_back(there, copied, "simnet") == {"eve": 1}


def test_what_the_review_does_not_have_is_refused_and_nothing_is_added(review, tmp_path):
    out = hand_off(review, tmp_path / "argilla", "argilla")
    records = json.loads((out / "records.json").read_text(encoding="utf-8"))
    good = fresh(tmp_path)

    def refused(change, error, message, path=tmp_path / "broken.json", tool="argilla"):
        changed = json.loads(json.dumps(records))
        change(changed)
        path.write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(error, match=message):
            take_back(good, path, tool)
        assert good.annotators() == []

    def worse(changed):
        changed[1]["responses"]["rating"][0]["value"] = 9

    refused(worse, InputError, "9 is no answer to a rating")
    refused(lambda all_: all_[0].update(id="absent"), UsageError, "no record 'absent'")
    refused(lambda all_: all_[0].pop("id"), InputError, "record 1 has no id")
    extra = {"mood": [{"value": 1, "user_id": "x"}]}
    refused(lambda all_: all_[2].update(responses=extra), InputError, "record 3: .*'mood'")
    refused(lambda all_: all_.append(1), InputError, "record 5 is no object")
    refused(lambda _: None, InputError, "not as JSON-MIN", tool="label-studio")
    (tmp_path / "text").write_text("{")
    with pytest.raises(InputError, match="is not JSON"):
        take_back(good, tmp_path / "text", "argilla")
    with pytest.raises(InputError, match="there is no such file"):
        take_back(good, tmp_path / "nothing", "label-studio")
    with pytest.raises(UsageError, match="exists already"):
        hand_off(review, out, "argilla")
    with pytest.raises(UsageError, match="no tool 'prodigy'"):
        hand_off(review, tmp_path / "p", "prodigy")
    with pytest.raises(InputError, match="no id of a user of Argilla"):
        hand_off(review, tmp_path / "p", "argilla", users={"ada": "ada"})


def test_the_commands_hand_a_review_over_and_take_it_back(review, tmp_path):
    again = fresh(tmp_path)
    for tool in ("argilla", "label-studio"):
        words = ["export", review.folder, "--out", tmp_path / tool, "--form", tool]
        result = CliRunner().invoke(app, ["review", *map(str, words)])
        assert result.exit_code == 0, result.output
    words = ["import", again.folder, tmp_path / "label-studio", "--from", "label-studio"]
    result = CliRunner().invoke(app, ["review", *map(str, words)])
    assert result.output == "ada: 3 decisions\nbob@example.org: 2 decisions\n"
