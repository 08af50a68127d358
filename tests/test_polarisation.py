"""Echo chambers: the measure, and the scenario that makes one."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from simnet import FakeModel, run
from simnet.analysis.polarisation import compare, like_minded
from simnet.errors import InputError, ScenarioError
from simnet.kernel.kernel import Kernel
from simnet.scenario.files.loading import load_scenario

SCENARIO = Path(__file__).parent.parent / "scenarios" / "echo_chamber.py"
SIDES = {"ana": "yes", "ann": "yes", "ben": "no", "bob": "no", "cat": None}


def tables(posts, shown):
    """Make tables: posts are authors, shown are (viewer, post, ranker)."""
    events = {
        "who": [*posts, "ana"],
        "made": [*range(len(posts)), None],
        "outcome": ["done"] * (len(posts) + 1),
    }
    told = [json.dumps({"side": side} if side else {"age": 3}) for side in SIDES.values()]
    return (
        pa.table(events, pa.schema({"who": "string", "made": "int64", "outcome": "string"})),
        pa.table(
            {
                "who": pa.array([who for who, _, _ in shown], pa.string()),
                "post": pa.array([post for _, post, _ in shown], pa.int64()),
                "ranker": pa.array([ranker for _, _, ranker in shown], pa.string()),
            }
        ),
        pa.table({"id": list(SIDES), "attributes": told}),
    )


def test_exposures_are_compared_by_ranker_and_in_all():
    posts = ["ana", "ann", "ben", "bob", "cat"]
    shown = [
        ("ana", 1, "hot"),
        ("ana", 2, "hot"),
        ("ben", 3, "hot"),
        ("ben", 3, "new"),
        ("ben", 2, "new"),  # one's own
        ("ana", 4, "new"),  # by somebody without a side
        ("cat", 0, "new"),  # shown to somebody without a side
    ]
    hot, new, whole = compare(*tables(posts, shown), "side")
    assert (hot.ranker, hot.exposures, hot.share) == ("hot", 3, pytest.approx(2 / 3))
    assert (new.ranker, new.exposures, new.share) == ("new", 1, 1.0)
    assert (whole.ranker, whole.exposures, whole.share) == ("all", 4, 0.75)
    assert whole.expected == pytest.approx(1 / 3)
    assert whole.ei_index == -0.5


def test_what_is_expected_follows_who_writes_how_much():
    posts = ["ana", "ann", "ann", "ann", "ben"]
    (_, whole) = compare(*tables(posts, [("ana", 4, "new"), ("ben", 0, "new")]), "side")
    assert whole.share == 0
    assert whole.expected == pytest.approx((3 / 4 + 0) / 2)


def test_a_run_that_showed_nothing_has_no_shares():
    assert compare(*tables([], []), "side") == [("all", 0, 0.0, 0.0)]


def test_an_attribute_that_nobody_has_is_told_of():
    with pytest.raises(InputError, match=r"no persona .* attribute 'opinion'.*side"):
        compare(*tables([], []), "opinion")


# -- the scenario -----------------------------------------------------------------------


def chamber(**parameters):
    sets = [f"{name}={value}" for name, value in parameters.items()]
    return load_scenario(str(SCENARIO), sets, None).scenario


def test_the_arms_differ_in_the_feed_alone():
    arms = {arm: chamber(arm=arm) for arm in ("chronological", "engagement", "discovery")}
    assert len({id(arm.feed.ranking) for arm in arms.values()}) == 3
    ties = [Kernel(arm).world.network.edge_arrays()[1].tolist() for arm in arms.values()]
    assert ties[0] == ties[1] == ties[2]
    assert len(ties[0]) == pytest.approx(200 * 13, rel=0.1)


def test_both_camps_are_the_same_people():
    members = chamber(people=20).cohorts[1].personas
    halves = members[:10], members[10:]
    told = [{(m.description, m.attributes["opinion"]) for m in half} for half in halves]
    assert {text for text, _ in told[0]} == {text for text, _ in told[1]}
    assert not {opinion for _, opinion in told[0]} & {opinion for _, opinion in told[1]}


@pytest.mark.slow
def test_homophily_and_the_feed_decide_who_is_heard(tmp_path):
    shares = {}
    for arm, alike in [("chronological", 0.0), ("chronological", 0.9), ("discovery", 0.9)]:
        scenario = chamber(arm=arm, alike=alike, people=60, days=1)
        record = run(scenario, model=FakeModel(), out=tmp_path)
        *_, whole = like_minded(record, "opinion")
        assert whole.exposures > 500
        assert whole.expected == pytest.approx(0.49, abs=0.03)
        shares[arm, alike] = whole.share
    assert shares["chronological", 0.0] == pytest.approx(0.49, abs=0.08)
    assert shares["chronological", 0.9] > 0.85
    assert shares["discovery", 0.9] < shares["chronological", 0.9] - 0.1


def test_people_of_no_camp_cannot_be():
    with pytest.raises(ScenarioError):
        chamber(alike=1.5)


def test_the_analysis_is_not_imported_with_the_package():
    import subprocess

    code = "import sys, simnet; sys.exit('pyarrow' in sys.modules or 'rustworkx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
