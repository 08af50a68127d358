"""Duplicates, samples and splits, on texts and numbers alone."""

from collections import Counter

import numpy as np
import pytest

from simnet.errors import UsageError
from simnet.personas.catalogue import duplicates, sampling

IDS = [f"p{number}" for number in range(200)]
LABELS = [["music"] if number % 2 else ["art", "music"] for number in range(200)]
LABELS[7] = ["law"]


def test_equal_texts_differ_in_case_blanks_and_punctuation_at_most():
    texts = ["A nurse.", "a  NURSE!", None, "", "A nurse, retired", "a nurse", "!!", "??"]
    assert list(duplicates.equal_texts(texts)) == [(1, 0, 1.0), (5, 0, 1.0)]


def test_near_texts_share_most_of_their_shingles():
    pytest.importorskip("datasketch")
    long = "A nurse on a night shift who coordinates supplies for the ward and sings in a choir"
    texts = [
        long,
        long + "s",
        "A pilot of ferries.",
        None,
        long.upper(),
        "她喜欢登山",
        "她喜欢登山!",
    ]
    found = list(duplicates.near_texts(texts, 0.8))
    assert [(one.row, one.of) for one in found] == [(1, 0), (4, 0), (6, 5)]
    assert 0.8 <= found[0].score < 1
    assert found[1].score == 1


def test_near_vectors_are_compared_with_those_that_are_kept(monkeypatch):
    angles = np.radians([0, 10, 20, 90, 91, 0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    vectors = np.concatenate([vectors, np.zeros((2, 2), np.float32)])
    threshold = np.cos(np.radians(12))
    found = [(one.row, one.of) for one in duplicates.near_vectors(vectors, threshold)]
    assert found == [(1, 0), (4, 3), (5, 0)]
    monkeypatch.setattr(duplicates, "_BLOCK", 2)
    assert [(one.row, one.of) for one in duplicates.near_vectors(vectors, threshold)] == found
    monkeypatch.setattr(duplicates, "MOST_COMPARED", 7)
    with pytest.raises(UsageError, match="8 vectors are too many"):
        list(duplicates.near_vectors(vectors, threshold))


def test_a_draw_depends_on_the_seed_and_the_ids_and_on_no_order():
    drawn = [IDS[row] for row in sampling.shuffled(IDS, 3)]
    turned = IDS[::-1]
    assert [turned[row] for row in sampling.shuffled(turned, 3)] == drawn
    assert [IDS[row] for row in sampling.shuffled(IDS, 4)] != drawn
    assert sorted(drawn) == sorted(IDS)


def test_quotas_are_filled_and_one_counts_for_one_value():
    drawn = sampling.by_quota(IDS, LABELS, {"music": 120, "art": 60, "law": 1}, seed=1)
    assert len(drawn) == len(set(drawn)) == 181
    for seed in range(20):
        everyone = sampling.by_quota(IDS, LABELS, {"music": 99, "art": 100, "law": 1}, seed=seed)
        assert sorted(everyone) == list(range(200))
    assert 7 in drawn
    assert sampling.by_quota(IDS, LABELS, {"music": 120, "art": 60, "law": 1}, seed=1) == drawn
    assert sampling.by_quota(IDS, LABELS, {"music": 120, "art": 60, "law": 1}, seed=2) != drawn


@pytest.mark.parametrize(
    ("quotas", "problem"),
    [
        ({"law": 2}, "2 with 'law' are wanted, and there are 1"),
        ({"musik": 1}, "nobody has 'musik', of which 1 are wanted; did you mean 'music'"),
        ({"art": 100, "music": 100}, "the quotas are 200 in all, and 199 can be filled"),
        ({"art": -1}, "the quota of 'art' is -1"),
    ],
)
def test_quotas_that_cannot_be_filled_are_told(quotas, problem):
    with pytest.raises(UsageError, match=problem):
        sampling.by_quota(IDS, LABELS, quotas, seed=1)


def test_a_size_is_divided_equally_among_values():
    assert sampling.equal_quotas(LABELS, 3) == {"art": 1, "law": 1, "music": 1}
    assert sampling.equal_quotas(LABELS, 6) == {"art": 2, "law": 1, "music": 3}
    assert sampling.equal_quotas([["a"], ["b"], ["b"]], 3) == {"a": 1, "b": 2}
    with pytest.raises(UsageError, match="nobody has a value"):
        sampling.equal_quotas([[], []], 5)


def test_a_diverse_draw_takes_one_of_each_cluster():
    rng = np.random.default_rng(1)
    centres = np.eye(8, dtype=np.float32)
    vectors = centres[np.arange(200) % 8] + 0.05 * rng.standard_normal((200, 8), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    drawn = sampling.diverse(IDS, vectors, 8, seed=5)
    assert sorted(row % 8 for row in drawn) == list(range(8))
    assert sampling.diverse(IDS, vectors, 8, seed=5) == drawn
    assert sampling.diverse(IDS, vectors, 0, seed=5) == []
    assert sorted(sampling.diverse(IDS, np.zeros((200, 8), np.float32), 200, seed=5)) == [
        *range(200)
    ]


def test_a_split_keeps_the_shares_in_each_stratum():
    strata = ["a"] * 100 + ["b"] * 60 + ["c"] * 39 + ["d"]
    shares = {"train": 0.8, "validation": 0.1, "test": 0.1}
    parts = sampling.stratified(IDS, strata, shares, seed=9)
    assert sorted(row for rows in parts.values() for row in rows) == list(range(200))
    assert {name: len(rows) for name, rows in parts.items()} == pytest.approx(
        {"train": 160, "validation": 20, "test": 20}, abs=1
    )
    counts = Counter(strata[row] for row in parts["validation"])
    assert counts["a"] == 10
    assert counts["b"] == 6
    assert sampling.stratified(IDS, strata, shares, seed=9) == parts
    for wrong in ({}, {"a": 0.5}, {"a": 1.5, "b": -0.5}):
        with pytest.raises(UsageError, match="give positive ones that add up to 1"):
            sampling.stratified(IDS, strata, wrong, seed=1)
