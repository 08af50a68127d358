"""Who follows whom at the start: drawn by models or read from files."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simnet import Cohort, Never, Persona, Scenario, sample
from simnet.errors import InputError, ScenarioError
from simnet.kernel.kernel import Kernel
from simnet.networks import (
    barabasi_albert,
    edges,
    erdos_renyi,
    homophily,
    lfr,
    random_followees,
    star_by_topic,
    stochastic_block,
    together,
    watts_strogatz,
)

HANDLES = [f"m{number}" for number in range(400)]
PEOPLE = [
    Persona(id=handle, attributes={"side": "ab"[number % 2], "interests": ["x", f"t{number % 40}"]})
    for number, handle in enumerate(HANDLES)
]
BUILDERS = {
    "random_followees": random_followees(10),
    "erdos_renyi": erdos_renyi(0.02),
    "barabasi_albert": barabasi_albert(3),
    "watts_strogatz": watts_strogatz(6, 0.1),
    "stochastic_block": stochastic_block([PEOPLE[:200], PEOPLE[200:]], 0.05, 0.005),
    "lfr": lfr(10, 0.2),
    "homophily": homophily(PEOPLE, "side", 0.5, 10),
    "star_by_topic": star_by_topic(PEOPLE, chance=0.5),
}
FEW = [PEOPLE[number] for number in range(50, 90)]
AMONG = {
    "random_followees": random_followees(5, FEW),
    "erdos_renyi": erdos_renyi(0.2, FEW),
    "barabasi_albert": barabasi_albert(3, FEW),
    "watts_strogatz": watts_strogatz(4, 0.1, FEW),
    "stochastic_block": stochastic_block([FEW[:20], FEW[20:]], 0.5, 0.1),
    "lfr": lfr(5, 0.2, people=FEW),
    "homophily": homophily(FEW, "side", 0.5, 5),
    "star_by_topic": star_by_topic(FEW, chance=0.5),
}


def pairs(built):
    return list(zip(*(part.tolist() for part in built), strict=True))


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_a_network_follows_from_its_seed(build):
    one, same, other = build(HANDLES, 1), build(HANDLES, 1), build(HANDLES, 2)
    assert pairs(one) == pairs(same) != pairs(other)
    assert one[0].dtype == one[1].dtype == np.int32
    assert min(one[0].min(), one[1].min()) >= 0
    assert max(one[0].max(), one[1].max()) < len(HANDLES)


@pytest.mark.parametrize("build", AMONG.values(), ids=AMONG)
def test_a_network_may_be_among_some(build):
    ends = np.concatenate(build(HANDLES, 3))
    assert len(ends)
    assert 50 <= ends.min() <= ends.max() < 90


@pytest.mark.parametrize("build", AMONG.values(), ids=AMONG)
def test_a_network_among_strangers_is_refused(build):
    with pytest.raises(ScenarioError, match=r"@m\d+, who is in no cohort"):
        build(["somebody", "else"], 3)


@pytest.mark.parametrize("name", ["barabasi_albert", "watts_strogatz", "lfr"])
def test_undirected_models_tie_both_ways(name):
    ties = set(pairs(BUILDERS[name](HANDLES, 1)))
    assert ties == {(whom, who) for who, whom in ties}


@pytest.mark.parametrize(
    ("name", "mean", "within"),
    [
        ("random_followees", 10, 0.05),
        ("erdos_renyi", 0.02 * 399, 0.1),
        ("barabasi_albert", 6, 0.05),
        ("watts_strogatz", 6, 0.02),
        ("stochastic_block", 0.05 * 199 + 0.005 * 200, 0.1),
        ("lfr", 10, 0.1),
        ("homophily", 10, 0.05),
        ("star_by_topic", 0.5 * 2 * (400 - 20.5) / 400, 0.2),
    ],
)
def test_a_network_has_as_many_ties_as_its_model_says(name, mean, within):
    counts = [len(set(pairs(BUILDERS[name](HANDLES, seed)))) for seed in range(5)]
    assert np.mean(counts) / len(HANDLES) == pytest.approx(mean, rel=within)


def test_preferential_attachment_makes_hubs():
    friends = Counter(BUILDERS["barabasi_albert"](HANDLES, 1)[0].tolist())
    assert max(friends.values()) > 5 * np.median(list(friends.values()))
    assert min(friends.values()) >= 1


def test_an_unrewired_small_world_is_a_ring():
    ties = set(pairs(watts_strogatz(4, 0)(HANDLES[:10], 1)))
    assert ties == {(who, (who + step) % 10) for who in range(10) for step in (-2, -1, 1, 2)}


def test_rewiring_shortens_the_ways():
    def reached(rewired):
        build = watts_strogatz(4, rewired)(HANDLES, 1)
        beside = {}
        for who, whom in pairs(build):
            beside.setdefault(who, set()).add(whom)
        near = {0}
        for _ in range(8):
            near |= {far for one in near for far in beside[one]}
        return len(near)

    assert reached(0) == 33
    assert reached(0.2) > 200


def test_blocks_are_denser_inside():
    ties = pairs(BUILDERS["stochastic_block"](HANDLES, 1))
    inside = sum((who < 200) == (whom < 200) for who, whom in ties) / len(ties)
    assert inside == pytest.approx(0.05 * 199 / (0.05 * 199 + 0.005 * 200), abs=0.03)


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_blocks_of_certain_ties_are_whole_or_empty(chance):
    ties = pairs(stochastic_block([PEOPLE[:5], PEOPLE[5:7]], chance, 1 - chance)(HANDLES, 1))
    assert len(ties) == len(set(ties)) == (5 * 4 + 2 if chance else 2 * 5 * 2)


@pytest.mark.parametrize("strength", [0.0, 0.6, 1.0])
def test_homophily_prefers_those_alike(strength):
    ties = pairs(homophily(PEOPLE, "side", strength, 20)(HANDLES, 1))
    alike = sum(who % 2 == whom % 2 for who, whom in ties) / len(ties)
    assert alike == pytest.approx(strength + (1 - strength) / 2, abs=0.02)


def test_lfr_has_communities_and_a_tail():
    handles = [f"m{number}" for number in range(3000)]
    import rustworkx

    ties = pairs(lfr(12, 0.1)(handles, 1))
    degrees = Counter(who for who, _ in ties)
    assert max(degrees.values()) > 4 * np.mean(list(degrees.values()))
    inside = rustworkx.PyGraph()
    inside.add_nodes_from(handles)
    inside.add_edges_from_no_data(ties)
    shared = Counter()
    beside = {who: set(inside.neighbors(who)) for who in range(3000)}
    for who, whom in ties[:5000]:
        shared[bool(beside[who] & beside[whom])] += 1
    assert shared[True] > 0.6 * shared.total()


def test_mixing_loosens_communities():
    def triangles(mixing):
        beside = {}
        for who, whom in pairs(lfr(10, mixing)(HANDLES, 1)):
            beside.setdefault(who, set()).add(whom)
        return sum(len(beside[who] & beside[whom]) for who in beside for whom in beside[who])

    assert triangles(0.05) > 1.5 * triangles(0.8)


def test_stars_follow_the_first_of_a_topic():
    ties = set(pairs(star_by_topic(PEOPLE, chance=1)(HANDLES, 1)))
    assert {whom for _, whom in ties} == set(range(40))
    assert all((who, 0) in ties for who in range(1, 400))
    assert {who for who, whom in ties if whom == 3} == set(range(43, 400, 40))


def test_networks_add_up():
    one, other = random_followees(3), erdos_renyi(0.01)
    both = pairs(together(one, other)(HANDLES, 1))
    assert both == pairs(one(HANDLES, 1)) + pairs(other(HANDLES, 1))
    assert pairs(together()(HANDLES, 1)) == []


def test_a_builder_given_twice_draws_other_ties_the_second_time():
    once = len(set(pairs(random_followees(5)(HANDLES, 1))))
    twice = len(set(pairs(together(random_followees(5), random_followees(5))(HANDLES, 1))))
    assert twice > 1.9 * once


def test_one_model_among_two_groups_draws_apart():
    half = len(HANDLES) // 2
    one, other = PEOPLE[:half], PEOPLE[half : 2 * half]
    ties = pairs(together(erdos_renyi(0.05, one), erdos_renyi(0.05, other))(HANDLES, 1))
    first = {pair for pair in ties if max(pair) < half}
    second = {(who - half, whom - half) for who, whom in ties if min(who, whom) >= half}
    assert first
    assert second
    assert len(first & second) < len(first) / 4


def test_a_model_with_another_parameter_is_another_draw():
    few = {who for who, _ in pairs(erdos_renyi(0.05)(HANDLES, 1))}
    assert pairs(erdos_renyi(0.05)(HANDLES, 1)) != pairs(erdos_renyi(0.0500001)(HANDLES, 1))
    assert few


def test_hubs_are_anyone_unless_the_order_is_kept():
    def hubs(**options):
        ends = [whom for _, whom in pairs(barabasi_albert(2, **options)(HANDLES, 3))]
        return [whom for whom, _ in Counter(ends).most_common(10)]

    assert max(hubs(shuffled=False)) < len(HANDLES) / 4
    assert max(hubs()) > len(HANDLES) / 2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 12), st.floats(0, 30), st.floats(0, 1), st.integers(0, 99))
def test_nobody_follows_themselves_or_somebody_twice(size, mean, strength, seed):
    people = [
        Persona(id=f"p{number}", attributes={"side": "ab"[number % 2]}) for number in range(size)
    ]
    handles = [person.id for person in people]
    builders = [random_followees(mean), erdos_renyi(strength)]
    if size > 3:
        builders.append(homophily(people, "side", strength, mean))
        builders.append(lfr(max(1, mean / 4), strength, smallest=2))
    for build in builders:
        ties = pairs(build(handles, seed))
        assert len(ties) == len(set(ties))
        assert all(who != whom for who, whom in ties)


def test_a_scenario_takes_a_builder():
    people = sample(30)
    scenario = Scenario(
        "s", [Cohort("c", people, rhythm=Never())], ties=random_followees(4, people), seed=5
    )
    network = Kernel(scenario).world.network
    assert sum(len(network.followees(who)) for who in range(30)) == len(
        random_followees(4, people)([people.handle(place) for place in range(30)], 5)[0]
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: random_followees(-1), "mean=-1"),
        (lambda: erdos_renyi(1.1), "chance=1.1"),
        (lambda: barabasi_albert(0), "ties=0"),
        (lambda: barabasi_albert(400)(HANDLES, 1), "there are 400 members"),
        (lambda: watts_strogatz(3, 0.1), "nearest=3"),
        (lambda: watts_strogatz(4, -0.1), "rewired=-0.1"),
        (lambda: watts_strogatz(4, 0.1)(HANDLES[:3], 1), "there are 3 members"),
        (lambda: stochastic_block([PEOPLE], 2, 0), "within=2"),
        (lambda: lfr(10, 0.2, degree_exponent=1), "degree_exponent=1"),
        (lambda: lfr(10, 0.2)(HANDLES[:5], 1), "there are 5 members"),
        (lambda: homophily(PEOPLE, "side", 1.5, 3), "strength=1.5"),
        (lambda: homophily(PEOPLE, "age", 0.5, 3), "@m0 has no attribute 'age'.*side, interests"),
        (lambda: star_by_topic(PEOPLE, "topics"), "no attribute 'topics'"),
        (
            lambda: homophily(
                [Persona(id=f"p{n}", attributes={"age": n}) for n in range(9)], "age", 0.5, 3
            ),
            "9 personas have 9 values",
        ),
    ],
)
def test_what_makes_no_network_is_refused(make, says):
    with pytest.raises(ScenarioError, match=says):
        make()


# -- files ----------------------------------------------------------------------------


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "m1,m2\nm3,m1\n"),
        ("a.csv", "follower,followee\nm1,m2\n\n@m3,@m1\n"),
        ("a.csv", "\ufeffweight,target,source\n1,m2,m1\n2,m1,m3\n"),
        ("a.tsv", "from\tto\r\nm1\tm2\r\nm3\tm1\r\n"),
        ("a.csv", " Follower ;FOLLOWEE\nm1;m2\nm3;m1\n"),
        ("a.txt", "m1 m2\nm3 m1\n"),
        ("a.parquet", "m1|m2\nm3|m1\n"),
        ("a.jsonl", '{"to": "m2", "from": "m1"}\n{"from": "m3", "to": "m1"}\n'),
        ("a.jsonl", '["m1", "m2"]\n["m3", "m1"]\n'),
        ("a.json", '[["m1", "m2"], ["m3", "m1"]]'),
        ("a.json", '{"edges": [["m1", "m2"], ["m3", "m1"]]}'),
        (
            "a.json",
            (
                '{"nodes": [{"id": "m1"}], "links": [{"source": "m1", "target": "m2"},'
                ' {"source": "m3", "target": "m1"}]}'
            ),
        ),
    ],
)
def test_ties_are_read_from_text(tmp_path, name, text):
    assert pairs(edges(written(tmp_path, name, text))(HANDLES, 0)) == [(1, 2), (3, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "# Directed graph, each unordered pair once\n# FromNodeId\tToNodeId\nm1\tm2\nm3\tm1\n",
        "# a, b, c\nfrom,to\nm1,m2\n# between\nm3,m1\n",
        "# made by hand\nm1,m2,0.5\nm3,m1,1\n",
        "# who, whom, since when\n\nm1 m2 1082040961\nm3 m1 1082155839\n",
        "% asym unweighted\n% 2 3 3\nm1\tm2\nm3\tm1\n",
        "% asym positive\nm1 m2  1 1082040961\nm3 m1  2 1082155839 \n",
        "  % of Pajek, its numbers in columns\n  m1   m2\n  m3   m1 \n",
        "% who; whom\nfrom,to\nm1,m2\n%% between\nm3,m1\n",
    ],
)
def test_comments_in_a_list_of_edges_are_left_out(tmp_path, text):
    assert pairs(edges(written(tmp_path, "a.txt", text))(HANDLES, 0)) == [(1, 2), (3, 1)]


def test_the_sizes_of_a_matrix_are_not_taken_for_a_pair(tmp_path):
    text = "%%MatrixMarket matrix coordinate pattern general\n% a graph\nm3 m3 2\nm1 m2\nm3 m1\n"
    with pytest.raises(InputError, match=r"a\.mtx: is a matrix .* leave out its first line"):
        edges(written(tmp_path, "a.mtx", text))(HANDLES, 0)


@pytest.mark.parametrize("names", [("follower", "followee"), ("x", "y")])
def test_ties_are_read_from_parquet(tmp_path, names):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(dict(zip(names, [["m1", "m3"], ["m2", "m1"]], strict=True))), path)
    assert pairs(edges(path)(HANDLES, 0)) == [(1, 2), (3, 1)]


GRAPHML = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="d0" for="node" attr.name="label" attr.type="string"/>
<graph edgedefault="{kind}">
<node id="m1"><data key="d0">A</data></node>
<node id="n2"><data key="d0">m2</data></node>
<node id="m3"><data key="d0">C</data></node>
<edge source="m1" target="n2"/><edge source="m3" target="m1"/>
</graph></graphml>"""


@pytest.mark.parametrize(
    ("kind", "ties"),
    [("directed", [(1, 2), (3, 1)]), ("undirected", [(1, 2), (2, 1), (3, 1), (1, 3)])],
)
def test_ties_are_read_from_graphml(tmp_path, kind, ties):
    path = written(tmp_path, "a.graphml", GRAPHML.format(kind=kind))
    assert pairs(edges(path)(HANDLES, 0)) == ties


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "m1,m2\n\nm1,m400\n", r"a.csv: line 3: there is no @m400.*did you mean 'm40'"),
        ("a.csv", "source,target\nm1\n", r"a.csv: line 2: 'm1' is no pair"),
        ("a.csv", "id_1,id_2\nm1,m2\n", r"line 1: there is no @id_1 .*; if that is a heading"),
        ("a.graphml", "<graphml", r"a.graphml: it is not GraphML"),
        (
            "a.graphml",
            GRAPHML.format(kind="directed").replace("m2", "zz"),
            r"edge 0: there is no",
        ),
        ("a.parquet", "no", r"a.parquet: line 1: 'no' is no pair"),
        ("a.parquet", "PAR1", r"a.parquet: broken Parquet"),
        ("a.json", '[["m1", 1.5]]', r"item 1.*1.5 names nobody"),
        ("a.json", '[["m1", null]]', r"item 1.*column '1' has no handle"),
        ("a.json", '{"edges": 3}', r"`edges` is not a list"),
    ],
)
def test_a_broken_file_is_told_of(tmp_path, name, text, says):
    with pytest.raises(InputError, match=says):
        edges(written(tmp_path, name, text))(HANDLES, 0)


def test_a_file_that_is_no_text_is_told_of(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"m1,m2\n\xff\xfe\n")
    with pytest.raises(InputError, match="not UTF-8"):
        edges(path)(HANDLES, 0)


def test_a_file_that_is_not_there_is_told_of_at_once(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        edges(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("columns", "says"),
    [({"a": ["m1"]}, "1 column"), ({"a": ["m1"], "b": pa.array([None], pa.string())}, "'b' has")],
)
def test_a_parquet_file_without_pairs_is_told_of(tmp_path, columns, says):
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=says):
        edges(tmp_path / "a.parquet")(HANDLES, 0)
