from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from simnet import draws

keys = st.lists(
    st.integers() | st.text(st.characters(exclude_characters="\x1f")), min_size=1, max_size=4
)


def test_draws_never_change_between_versions_and_machines():
    assert draws.bits(0, "ana", 1) == 16197225839743884312
    assert draws.below(6, "dice", 1) == 4
    assert f"{draws.unit('ana'):.12f}" == "0.234777105991"


@given(keys)
def test_a_draw_depends_on_its_key_alone(key):
    first = draws.bits(*key)
    draws.bits("something", "else")
    assert draws.bits(*key) == first
    assert 0 <= first < 2**64


@given(keys, keys)
def test_other_keys_give_other_draws(one, other):
    same = list(map(str, one)) == list(map(str, other))
    assert (draws.bits(*one) == draws.bits(*other)) == same


@given(st.integers(), st.text(), st.integers(), st.text())
def test_a_draw_of_a_turn_is_that_of_its_key_and_number(seed, who, turn, purpose):
    draw = draws.Draw(seed, who, turn, purpose)
    assert [draw(), draw()] == [draws.unit(seed, who, turn, purpose, n) for n in (1, 2)]


def test_parts_of_a_key_do_not_run_together():
    assert draws.bits("ab", "c") != draws.bits("a", "bc")
    assert draws.bits(1, 11) != draws.bits(11, 1)


def test_a_key_may_hold_what_no_encoding_allows():
    assert 0 <= draws.unit("\ud800", "\x00") < 1


@given(keys, st.integers(1, 10**9))
def test_draws_stay_in_their_range(key, bound):
    assert 0 <= draws.unit(*key) < 1
    assert 0 <= draws.below(bound, *key) < bound


def test_draws_are_even():
    count = 20_000
    counts = Counter(draws.below(10, "even", turn) for turn in range(count))
    assert all(abs(seen - count / 10) < 5 * (count / 10) ** 0.5 for seen in counts.values())
    mean = sum(draws.unit("mean", turn) for turn in range(count)) / count
    assert abs(mean - 0.5) < 0.01
