"""Measures of studies against plain counting in the tables of a run."""

import json
import re
from collections import Counter, defaultdict
from statistics import median

import networkx as nx
import numpy as np
import pytest

from simnet import (
    HOUR,
    MINUTE,
    Cohort,
    Cue,
    Exponential,
    FakeModel,
    Feed,
    Never,
    Persona,
    Run,
    Scenario,
    Steps,
    Write,
    run,
)
from simnet.behaviours import enforce
from simnet.feeds import everything, reported
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.interventions import At, GiveNews, RemovePosts, When
from simnet.opinions import Deffuant, clusters, opinion_dynamics
from simnet.recording.files.manifest import State
from simnet.report.run_tables import RunTables
from simnet.report.sections.people_and_ties import network
from simnet.studies import (
    Figure,
    actions,
    activity,
    assortativity,
    attention_inequality,
    cascade_of,
    communities,
    correction,
    cost,
    echo_chamber,
    failed_turns,
    lexical_diversity,
    marked,
    moderation,
    opinions,
)
from simnet.verbs import MODERATOR, Like, Pass, React, Reply, Report

pytestmark = pytest.mark.slow
NO_POSTS = "ignore:.*nobody whom people follows ever posts:simnet.errors.ScenarioWarning"
RUMOUR = "The bridge will fall."


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    people = [
        Persona(id=f"p{number}", attributes={"side": "east" if number % 3 else "west"})
        for number in range(12)
    ]
    scenario = Scenario(
        "town",
        [
            Cohort("sources", [Persona(id="liar"), Persona(id="council")], rhythm=Never()),
            Cohort(
                "people",
                people,
                verbs=(Write, Reply, Like, Report, Pass),
                rhythm=Exponential(30 * MINUTE),
                follows={"people": 0.3, "sources": 1.0},
            ),
            Cohort(
                "staff",
                [Persona(id="chair")],
                behaviour=enforce("No rumours."),
                verbs=MODERATOR,
                rhythm=Exponential(20 * MINUTE),
                feed=Feed(reads=reported),
            ),
        ],
        [
            Cue(MINUTE, "liar", Write(RUMOUR)),
            Cue(2 * MINUTE, "p3", Reply(0, "Is it so?")),
            Cue(2 * HOUR, "council", Write("It is safe.")),
        ],
        feed=Feed(reads=everything),
        lasts=8 * HOUR,
        seed=5,
    )
    return run(scenario, model=FakeBackend(model="fake"), out=tmp_path_factory.mktemp("runs"))


def rows(record, name="events"):
    return record.read(name).to_pylist()


def done(record):
    return [row for row in rows(record) if row["outcome"] == "done"]


def authors_of(record):
    return {row["made"]: row["who"] for row in done(record) if row["made"] is not None}


def figures(measure, record):
    return {figure.group: figure.value for figure in measure.of(record)}


def test_actions_are_counted_by_cohort_and_by_spans(town):
    acts = [row for row in done(town) if row["verb"] != "pass"]
    counts = Counter(row["cohort"] for row in acts)
    assert counts["people"]
    assert figures(actions(), town) == {
        "": len(acts),
        **{cohort: counts[cohort] for cohort in ("sources", "people", "staff")},
    }
    likes = [row for row in acts if row["verb"] == "like"]
    assert likes
    found = actions("like", every=HOUR).of(town)
    by_span = Counter(row["time"] // HOUR * HOUR for row in likes)
    for group, expected in (("", by_span), ("people", by_span), ("sources", Counter())):
        spans = {one.time: one.value for one in found if one.group == group}
        assert spans == {place * HOUR: expected[place * HOUR] for place in range(8)}


@pytest.mark.filterwarnings(NO_POSTS)
def test_what_is_done_after_the_end_is_in_the_last_span_so_that_all_seeds_have_each(tmp_path):
    """A span of its own would be there for those seeds alone in which something was done."""
    rule = Deffuant(1.0)
    slow = Cohort(
        "people", [Persona(id=f"p{number}") for number in range(12)], behaviour=rule,
        verbs=rule.verbs, rhythm=Exponential(20 * MINUTE), follows={"people": 1.0},
        reacts_in=30 * MINUTE,
    )  # fmt: skip
    late = []
    for seed in range(3):
        record = run(Scenario("late", [slow], lasts=2 * HOUR, seed=seed), out=tmp_path, ray=False)
        acts = [row for row in done(record) if row["verb"] != "pass"]
        late += [row for row in acts if row["time"] > 2 * HOUR]
        found = [one for one in actions(every=HOUR).of(record) if not one.group]
        assert [one.time for one in found] == [0.0, HOUR]
        assert sum(one.value for one in found) == len(acts)
        means = [one for one in opinions(every=HOUR).of(record) if one.group == "mean"]
        assert [one.time for one in means] == [HOUR, 2 * HOUR]
        assert means[-1].value == figures(opinions(), record)["mean"]
    assert late


@pytest.fixture(scope="module")
def governed(tmp_path_factory):
    """Play people among whom an operator acts and counts, and who are no moderators."""
    people = [Persona(id=name) for name in ("ann", "ben", "troll")]
    scenario = Scenario(
        "governed",
        [Cohort("people", people, rhythm=Exponential(20 * MINUTE), follows={"people": 1.0})],
        [Cue(0, "troll", Write("Hi."))],
        interventions=[
            When(
                lambda world: len(world.posts), above=0, every=HOUR, then=[GiveNews("ann", "No.")]
            ),
            At(2 * HOUR, [GiveNews("people", "the news are read out"), RemovePosts(by="troll")]),
        ],
        lasts=4 * HOUR,
    )
    model = FakeModel(lambda prompt: "write: hello" if prompt.seed % 2 else "pass")
    return run(scenario, model=model, out=tmp_path_factory.mktemp("governed"))


def test_what_was_done_from_outside_is_no_action_of_people(governed):
    assert {"check", "remove"} < {row["verb"] for row in done(governed) if row["who"] == ""}
    acts = [row for row in done(governed) if row["who"] and row["verb"] != "pass"]
    assert figures(actions(), governed) == {"": len(acts), "people": len(acts)}
    assert set(figures(lexical_diversity(1), governed)) == {"people"}
    assert moderation(lambda row: row["who"] == "troll").of(governed) == [Figure(0.0, "recall")]
    page = governed.report(figures=False).path.read_text(encoding="utf-8")
    assert re.search(
        rf"{len(acts)}</[^>]*>\s*<[^>]*>actions done|actions done</[^>]*>\s*<[^>]*>{len(acts)}<",
        page,
    )
    assert "check" not in page.split("Actions over time")[1].split("</figcaption>")[0]


def test_activity_is_turns_by_persona_and_hour(town):
    turns = [row for row in rows(town) if row["turn"] is not None and row["part"] == 0]
    mine = [row for row in turns if row["cohort"] == "people"]
    found = figures(activity(), town)
    assert found["people"] == pytest.approx(len(mine) / 8 / 12)
    assert found["sources"] == 0


def test_a_run_that_was_stopped_ends_where_it_stopped(town):
    last = max(row["time"] for row in rows(town))
    stopped = Run(town.path, town.manifest.model_copy(update={"state": State.INTERRUPTED}))
    turns = [row for row in rows(town) if row["turn"] is not None and row["part"] == 0]
    mine = [row for row in turns if row["cohort"] == "people"]
    assert figures(activity(), stopped)["people"] == pytest.approx(len(mine) / (last / HOUR) / 12)


@pytest.mark.filterwarnings(NO_POSTS)
def test_opinions_are_carried_on_to_the_end(tmp_path):
    rule = Deffuant(0.3)
    people = Cohort(
        "people", [Persona(id="ann"), Persona(id="ben")], behaviour=rule, verbs=rule.verbs,
        rhythm=Exponential(HOUR), follows={"people": 1.0},
    )  # fmt: skip
    record = run(Scenario("few", [people], lasts=50 * HOUR), out=tmp_path, ray=False)
    found = [one for one in opinions(every=HOUR).of(record) if one.group == "mean"]
    assert [one.time for one in found] == [hour * HOUR for hour in range(1, 51)]
    assert found[-1].value == pytest.approx(figures(opinions(), record)["mean"])


def test_marks_and_failures_are_shares_of_turns(town):
    asked = {(row["who"], row["turn"]) for row in rows(town, "calls")}
    turns = [row for row in rows(town) if row["part"] == 0 and (row["who"], row["turn"]) in asked]
    hits = [row for row in turns if "at_limit" in row["marks"]]
    assert figures(marked("at_limit"), town)[""] == pytest.approx(len(hits) / len(turns))
    whole = [row for row in rows(town) if row["turn"] is not None and row["part"] == 0]
    failed = [row for row in whole if row["outcome"] == "failed"]
    assert figures(failed_turns(), town)[""] == pytest.approx(len(failed) / len(whole))


def test_notes_of_moderators_are_no_marked_repeats(tmp_path):
    people = Cohort("people", [Persona(id="ann")], verbs=(Write, Report), rhythm=Never())
    staff = Cohort("staff", [Persona(id="mod")], behaviour=enforce("No tea.", "Tea."),
                   verbs=MODERATOR, rhythm=Steps(HOUR), feed=Feed(reads=reported))  # fmt: skip
    cues = [Cue(0, "ann", Write(f"Buy tea {number}.")) for number in range(4)]
    cues += [Cue(number * HOUR + 1, "ann", Report(number, "Tea!")) for number in range(4)]
    scenario = Scenario("tea", [people, staff], cues, lasts=5 * HOUR)
    made = run(scenario, model=FakeModel(lambda _: "yes"), out=tmp_path)
    labels = [row for row in done(made) if row["verb"] == "label"]
    assert sum("repeat" in row["marks"] for row in labels) == 3
    assert figures(marked(), made) == {"": 0.0, "staff": 0.0}


def test_distinct_n_counts_different_pairs_of_words(town):
    texts = [row["text"] for row in done(town)]
    sources = [text for text in texts if text in {RUMOUR, "It is safe."}]
    assert len(sources) == 2
    assert figures(lexical_diversity(2), town)["sources"] == 1.0
    assert figures(lexical_diversity(1), town)["sources"] == 1.0
    assert 0 < figures(lexical_diversity(1), town)["people"] < 1


def test_distinct_n_counts_letters_where_no_spaces_are_written_and_no_names_of_reactions(tmp_path):
    async def says(me, view, ask):
        if me.persona.id == "fan":
            return [React(post.id, "love") for post in view.posts[:1]]
        return Write("我们今天去公园 with Ann")

    people = [Persona(id=name) for name in ("ann", "fan")]
    cohort = Cohort("people", people, behaviour=says, verbs=(Write, React), rhythm=Steps(HOUR),
                    follows={"people": 1.0})  # fmt: skip
    made = run(Scenario("zh", [cohort], lasts=5 * HOUR), model=FakeModel(), out=tmp_path)
    verbs = Counter(row["verb"] for row in done(made))
    assert verbs["react"] > 1
    for n in (1, 2):
        assert figures(lexical_diversity(n), made)["people"] == pytest.approx(1 / verbs["write"])


def test_moderation_knows_what_it_hits_and_how_fast(town):
    made = {row["made"]: row for row in done(town) if row["made"] is not None}
    acted = {}
    for row in done(town):
        if row["verb"] in {"label", "remove"}:
            acted.setdefault(row["post"], row["time"])
    delays = [at - made[post]["time"] for post, at in acted.items()]
    found = figures(moderation(lambda row: row["text"] == RUMOUR), town)
    assert found["delay"] == pytest.approx(median(delays))
    hit = sum(made[post]["text"] == RUMOUR for post in acted)
    assert found["precision"] == pytest.approx(hit / len(acted))
    assert found["recall"] == hit


def test_a_correction_reaches_those_who_see_it_after_the_rumour(town):
    made = {row["who"]: row["made"] for row in rows(town) if row["cue"] in {0, 2}}
    seen = [defaultdict(list), defaultdict(list)]
    for row in rows(town, "exposures"):
        for place, who in enumerate(("liar", "council")):
            if row["post"] == made[who]:
                seen[place][row["who"]].append(row["time"])
    after = {who: [at for at in seen[1][who] if at > seen[0][who][0]] for who in list(seen[0])}
    later = [times[0] - seen[0][who][0] for who, times in after.items() if times]
    found = figures(correction("liar", "council"), town)
    assert found["reached"] == pytest.approx(len(later) / len(seen[0]))
    assert found["delay"] == pytest.approx(median(later))


def test_a_correction_reaches_those_who_saw_it_with_or_before_the_rumour_and_see_it_again(tmp_path):
    scenario = Scenario(
        "again",
        [
            Cohort("sources", [Persona(id="liar"), Persona(id="council")], rhythm=Never()),
            Cohort("people", [Persona(id="ann")], verbs=(Like, Pass), rhythm=Steps(HOUR)),
        ],
        [Cue(0, "liar", Write(RUMOUR)), Cue(0, "council", Write("It is safe."))],
        feed=Feed(reads=everything, fresh=False),
        lasts=3.5 * HOUR,
    )
    record = run(scenario, model=FakeModel(lambda prompt: "pass"), out=tmp_path)
    assert figures(correction("liar", "council"), record) == {"reached": 1.0, "delay": HOUR}


def test_a_cascade_and_its_reach_are_those_of_the_first_post(town):
    made = next(row["made"] for row in rows(town) if row["who"] == "liar")
    below = [row for row in done(town) if row["root"] == made and row["verb"] == "reply"]
    assert figures(cascade_of("liar"), town)[""] == len(below) > 0
    viewers = {row["who"] for row in rows(town, "exposures") if row["post"] == made}
    assert figures(cascade_of("liar", "viewers"), town)[""] == len(viewers)


def test_attention_is_shared_out_among_authors(town):
    authors = authors_of(town)
    shown = Counter(authors[row["post"]] for row in rows(town, "exposures"))
    counts = [shown[author] for author in set(authors.values())]
    apart = np.abs(np.subtract.outer(counts, counts)).mean() / (2 * np.mean(counts))
    assert figures(attention_inequality(), town)[""] == pytest.approx(apart)
    assert 0 < figures(attention_inequality("posts"), town)[""] < 1


def test_networks_are_measured_as_networkx_does(town):
    graph = nx.DiGraph()
    graph.add_nodes_from(row["id"] for row in rows(town, "personas"))
    graph.add_edges_from((row["follower"], row["followee"]) for row in rows(town, "network"))
    sides = {row["id"]: json.loads(row["attributes"]).get("side") for row in rows(town, "personas")}
    among = graph.subgraph(who for who, side in sides.items() if side)
    nx.set_node_attributes(graph, sides, "side")
    assert figures(assortativity("side"), town)[""] == pytest.approx(
        nx.attribute_assortativity_coefficient(among, "side")
    )
    ties = nx.Graph(graph.edges)
    parts = nx.community.louvain_communities(ties, seed=0)
    found = figures(communities(), town)
    assert found["communities"] == len(parts)
    assert found[""] == pytest.approx(nx.community.modularity(ties, parts))
    assert set(figures(communities("replies"), town)) == {"", "communities"}


@pytest.mark.filterwarnings("ignore:.*about 0 turns:simnet.errors.ScenarioWarning")
def test_communities_are_those_of_the_report_so_that_who_has_no_tie_is_in_none(tmp_path):
    cliques = [(a + i, a + j) for a in "xy" for i in "123" for j in "123" if i != j]
    people = [Persona(id=name) for name in sorted({"alone"}.union(*cliques))]
    crowd = Cohort("people", people, rhythm=Never())
    done = run(
        Scenario("cliques", [crowd], ties=[*cliques, ("x1", "y1")], lasts=HOUR),
        model=FakeModel(),
        out=tmp_path / "runs",
    )
    (facts, _) = network(RunTables(done)).blocks
    told = dict(facts.rows)
    found = figures(communities(), done)
    assert told["Communities"] == str(int(found["communities"])) == "2"
    assert told["Modularity"] == f"{found['']:.3f}"


def test_attributes_that_are_lists_are_alike_when_they_are_equal(tmp_path):
    labels = {"ann": ["a"], "ben": ["a"], "cat": ["b"], "dan": ["b"]}
    people = [Persona(id=who, attributes={"labels": own}) for who, own in labels.items()]
    cohort = Cohort("people", people, rhythm=Never())
    ties = [("ann", "ben"), ("cat", "dan")]
    record = run(Scenario("lists", [cohort], [Cue(0, "ann", Write("Hi."))], ties=ties),
                 model=FakeModel(), out=tmp_path)  # fmt: skip
    assert figures(assortativity("labels"), record)[""] == pytest.approx(1.0)


def test_people_are_shown_their_own_side_as_often_as_the_tables_say(town):
    sides = {row["id"]: json.loads(row["attributes"]).get("side") for row in rows(town, "personas")}
    authors = authors_of(town)
    pairs = [(row["who"], authors[row["post"]]) for row in rows(town, "exposures")]
    known = [(a, b) for a, b in pairs if a != b and sides[a] and sides[b]]
    alike = sum(sides[a] == sides[b] for a, b in known) / len(known)
    assert figures(echo_chamber("side"), town)[""] == pytest.approx(1 - 2 * alike)


def test_costs_are_those_of_the_calls(town):
    calls = rows(town, "calls")
    assert figures(cost(), town) == {
        "calls": len(calls),
        "tokens in": sum(row["prompt_tokens"] or 0 for row in calls),
        "tokens out": sum(row["output_tokens"] or 0 for row in calls),
    }


def test_opinions_are_followed_over_time(tmp_path):
    scenario = opinion_dynamics(Deffuant(0.5, meetings=50), people=50, steps=20)
    record = run(scenario, out=tmp_path, ray=False)
    held = {}
    for row in rows(record, "state"):
        held[row["key"]] = json.loads(row["value"])
    found = figures(opinions(), record)
    assert found["mean"] == pytest.approx(np.mean(list(held.values())))
    assert found["variance"] == pytest.approx(np.var(list(held.values())))
    assert found["clusters"] == len(clusters(held.values(), gap=0.05))
    series = [one for one in opinions(every=5 * MINUTE).of(record) if one.group == "variance"]
    assert len(series) == 4
    assert series[0].value > series[-1].value
    assert series[-1].value == pytest.approx(found["variance"])
