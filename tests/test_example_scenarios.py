"""The scenarios that come with simnet, played with a model that is a function."""

import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from made_worlds import do, drive, refused, world
from rich.console import Console

from simnet import HOUR, FakeModel, Write, run
from simnet.analysis.cascades import cascade
from simnet.analysis.show import show
from simnet.analysis.threads import gather, rows
from simnet.kernel.record_replay import rebuild
from simnet.recording.checking.verify import verify
from simnet.scenario.files.loading import load_scenario

FOLDER = Path(__file__).parent.parent / "scenarios"


def scenario(target, *sets):
    return load_scenario(str(FOLDER / target), sets).scenario


@pytest.fixture(name="facts")
def _facts():
    loaded = load_scenario(str(FOLDER / "fact_check.py"))
    return sys.modules[loaded.modules[0].__name__]


# -- tap water --------------------------------------------------------------------------------


@pytest.mark.parametrize("arm", ["nothing", "label", "remove"])
def test_every_arm_of_the_water_scare_is_a_target(arm):
    town = scenario(f"tap_water.py:arms.{arm}")
    assert sum(len(cohort.personas) for cohort in town.cohorts) == 1_000 + 2 + 3
    small = scenario("tap_water.py", f"moderation={arm}", "size=40", "lasts=6h")
    assert small.lasts == 6 * HOUR
    assert len(small.handles()) == 40 + 2 + 3


def staff_of(arm, reply):
    """Play a small water scare; returns what moderators did, and the rumour at the end."""
    town = scenario("tap_water.py", f"moderation={arm}", "size=60", "lasts=12h")
    played = drive(town, reply)
    rumour = next(e.made for e in played.events if e.who == "plant_insider")
    did = {e.verb for e in played.events if e.cohort == "staff" and e.outcome == "done"}
    return did, played.kernel.world.posts[rumour]


def moderate(verdict):
    """Report whatever is on top, and judge as told."""

    def reply(prompt):
        if prompt.pattern == "(yes|no)":
            return verdict
        return "report 1: This is a claim." if "report" in prompt.pattern else "pass"

    return reply


def test_moderators_do_what_their_arm_says():
    did, rumour = staff_of("nothing", moderate("yes"))
    assert (did, rumour.removed, rumour.label) == ({"pass"}, False, "")
    did, rumour = staff_of("label", moderate("yes"))
    assert "label" in did
    assert rumour.label == "Disputed by the water company."
    did, rumour = staff_of("remove", moderate("yes"))
    assert "remove" in did
    assert rumour.removed
    did, rumour = staff_of("remove", moderate("no"))
    assert "remove" not in did
    assert "dismiss" in did
    assert not rumour.removed


def test_arms_are_alike_until_a_moderator_acts():
    towns = [
        drive(scenario("tap_water.py", f"moderation={arm}", "size=60", "lasts=6h")).events
        for arm in ("nothing", "remove")
    ]
    first = next(n for n, e in enumerate(towns[1]) if e.cohort == "staff" and e.verb != "pass")
    assert first > 20
    before = [[e for e in town[:first] if e.cohort != "staff"] for town in towns]
    assert before[0] == before[1][: len(before[0])] or before[1] == before[0][: len(before[1])]


# -- fact check -------------------------------------------------------------------------------


def test_a_note_is_shown_once_two_others_find_it_helpful(facts):
    place = world(("ana", "ben", "cat", "dan", "eve"))
    do(place, "ana", Write("Lead in the water!"))
    noted = do(place, "ben", facts.Note(0, "It was tested today."))
    assert (noted.verb, noted.post, noted.made, noted.whom) == ("note", 0, 1, "ana")
    rated = do(place, "cat", facts.Rate(1, "helpful"))
    assert (rated.verb, rated.post, rated.text, rated.extra) == ("rate", 1, "helpful", None)
    assert place.posts[0].label == ""
    do(place, "dan", facts.Rate(1, "unhelpful"))
    do(place, "eve", facts.Rate(1, "helpful"))
    assert place.posts[0].label == ""
    do(place, "ana", facts.Rate(1, "helpful"))
    assert place.posts[0].shown().label == "Readers added: It was tested today."


def test_a_note_is_shown_below_its_post_and_counts_as_a_reply(facts, tmp_path):
    def reply(prompt):
        return "note 1: It was tested." if "rate (" in prompt.pattern else "pass"

    town = replace(facts.fact_check(size=8), lasts=2 * HOUR)
    recorded = run(town, model=FakeModel(reply), out=tmp_path)
    assert recorded.manifest.relations["note"] == "reply"
    notes = [e for e in rows(recorded.read("events")) if e.verb == "note" and e.made is not None]
    assert notes
    assert recorded.summary.replies == len(notes)
    threads = gather(rows(recorded.read("events")), recorded.relations)
    assert all(threads.posts[note.made].parent.id == note.post for note in notes)
    sink = io.StringIO()
    show(recorded, Console(file=sink, width=100))
    line = next(line for line in sink.getvalue().splitlines() if f"#{notes[0].made}" in line)
    assert line.startswith(("├──", "└──"))
    tables = recorded.read("events"), recorded.read("exposures")
    assert cascade(*tables, notes[0].post, recorded.relations).size >= 1
    assert [check for check in verify(recorded) if check.problems] == []


def test_what_notes_and_ratings_do_not_allow_is_refused(facts):
    place = world()
    do(place, "ana", Write("Lead in the water!"))
    do(place, "ben", facts.Note(0, "It was tested today."))
    do(place, "cat", facts.Rate(1, "helpful"))
    assert refused(place, "cat", facts.Rate(1, "unhelpful")) == "you rated note 1 already"
    assert refused(place, "ben", facts.Rate(1, "helpful")) == "that is your own note"
    assert refused(place, "ben", facts.Rate(0, "helpful")) == "post 0 is no note"
    assert refused(place, "cat", facts.Note(1, "Oh no.")) == "post 1 is a note itself; rate it"
    assert refused(place, "cat", facts.Note(0, " ")) == "there is no text"
    assert refused(place, "cat", facts.Rate(7, "helpful")) == "there is no post 7"


def test_notes_come_about_in_a_run_and_a_replay_rebuilds_them(facts):
    def reply(prompt):
        match prompt.pattern:
            case str(pattern) if "rate (" in pattern:
                return (
                    "rate 1 helpful" if "It was tested" in prompt.user else "note 1: It was tested."
                )
            case _:
                return "repost 1" if "1 @" in prompt.user else "pass"

    town = facts.fact_check(size=40)
    played = drive(town, reply)
    done = [e.verb for e in played.events if e.outcome == "done"]
    assert {"note", "rate"} <= set(done)
    again = played.kernel.world
    labelled = [post for post in again.posts if post.label.startswith("Readers added")]
    assert labelled
    rebuilt = rebuild(town, played.events, played.exposures())
    assert rebuilt.digest() == again.digest()
    assert rebuilt.kept == again.kept


# -- half time --------------------------------------------------------------------------------


def test_what_differs_between_the_arms_differs_after_half_time():
    played = {
        arm: drive(scenario("half_time.py", f"arm={arm}", "size=12", "lasts=3h"))
        for arm in ("nothing", "ban", "feed", "manner")
    }
    half = 1.5 * HOUR
    before = {arm: [e for e in done.events if e.time < half] for arm, done in played.items()}
    assert all(events == before["nothing"] for events in before.values())
    late = [e for e in played["ban"].events if e.time > half + HOUR / 60 and e.turn is not None]
    assert {e.cohort for e in late} == {"members"}
    rankers = {ranker for batch in played["feed"].exposure_batches if batch.time >= half
               and batch.who.startswith("m_") for ranker in batch.rankers}  # fmt: skip
    assert rankers <= {"chronological", "mention"}
    kind = {view.who[:2] for view in played["manner"].views if view.changed}
    assert kind == {"t_"}


def test_loud_trolls_are_banned_where_they_are_watched(tmp_path):
    watched = scenario("half_time.py", "arm=watch", "size=12", "lasts=3h", "share=0.1")
    done = run(watched, model=FakeModel(), out=tmp_path)
    rows = [row for row in done.read("events").to_pylist() if row["who"] == ""]
    assert [row["verb"] for row in rows] == ["check", "ban", "ban", "ban", "ban"]
