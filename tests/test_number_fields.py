"""Verbs with numbers: what a model may write, how it is read, and what is recorded."""

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from made_worlds import do, drive, refused, shown, view, world

from simnet import Action, Cohort, Cue, Effect, Feed, Pass, Persona, PostId, Scenario, Steps, Write
from simnet.agents.formats import lenient_reader
from simnet.agents.formats.number_fields import (
    free_number,
    number_pattern,
    number_syntax,
    read_number,
)
from simnet.agents.formats.reply_grammar import ReplyFormat
from simnet.errors import ModelError, ScenarioError
from simnet.feeds import everything
from simnet.inference.fakes.fake import plausible
from simnet.inference.model import Prompt
from simnet.verbs import Bounds
from simnet.world.actions import Field, fields_of
from simnet.world.event_codec import decode_action


@dataclass(frozen=True, slots=True)
class Rate(Action):
    """Give a post one to five stars."""

    verb: ClassVar[str] = "rate"
    post: PostId
    stars: Annotated[int, Bounds(1, 5)]

    def do(self, world, who, now):
        return Effect(world.visible_post(who, self.post).id)


@dataclass(frozen=True, slots=True)
class Lean(Action):
    """Say where one stands."""

    verb: ClassVar[str] = "lean"
    value: Annotated[float, Bounds(-1, 1)]

    def do(self, world, who, now):
        return Effect()


@dataclass(frozen=True, slots=True)
class Free(Action):
    """Numbers without bounds of their own."""

    verb: ClassVar[str] = "free"
    whole: int
    real: float

    def do(self, world, who, now):
        return Effect()


FORM = ReplyFormat((Rate, Lean, Pass), 280, 10, 1)
SEEN = view(shown(4, "ben"), shown(9, "cat"))


def test_fields_may_be_numbers_with_bounds_or_without():
    assert fields_of(Rate)[1] == Field("stars", "int", bounds=Bounds(1, 5))
    assert fields_of(Lean)[0].bounds == Bounds(-1, 1)
    assert [field.kind for field in fields_of(Free)] == ["int", "float"]


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ((5, 1), "the smaller first"),
        ((0, float("nan")), "finite"),
        ((0, 1, 9), "give 0 to 6 digits"),
        ((0.2, 0.4, 0), "allow more decimals"),
    ],
)
def test_bounds_that_hold_no_number_are_refused(bounds, message):
    with pytest.raises(ScenarioError, match=message):
        Bounds(*bounds)


def test_a_model_is_told_the_bounds():
    assert "rate N 1..5 - give a post one to five stars" in FORM.rules
    assert "lean -1..1 - say where one stands" in FORM.rules
    assert "A..B: a number from A to B" in FORM.rules
    assert "A..B" not in ReplyFormat((Write, Pass), 280, 10, 1).rules


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("rate 2 5", Rate(9, 5)),
        ("rate 1 1", Rate(4, 1)),
        ("lean -0.25", Lean(-0.25)),
        ("lean 1", Lean(1.0)),
        ("lean -0", Lean(0.0)),
        ("lean 0.337", Lean(0.34)),
    ],
)
def test_numbers_are_read(reply, action):
    assert FORM.parse(reply, SEEN) == [action]
    assert repr(FORM.parse(reply, SEEN)) == repr([action])


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("rate 2 6", "stars is 6, not a whole number from 1 to 5"),
        ("rate 2 0", "from 1 to 5"),
        ("rate 2 2.5", "not a whole number"),
        ("rate 2", "the reply is not `rate N 1..5`"),
        ("rate 2 many", "the reply is not"),
        ("lean 1.2", "value is 1.2, not a number from -1 to 1"),
    ],
)
def test_other_numbers_are_no_reply(reply, message):
    with pytest.raises(ModelError, match=re.escape(message)):
        FORM.parse(reply, SEEN)


@pytest.mark.parametrize(
    ("text", "number", "rest"),
    [
        (" 4", "4", ""),
        (": \u22120,5 because", "-0.5", " because"),
        ("=+1.", "1", "."),
        ("**.25**", "0.25", "**"),
        ("4/5 stars", "4", "/5 stars"),
        ("a - 3", "-3", ""),
        ("my rating: 5 stars", "5", " stars"),
        ("post2", None, None),
        ("none", None, None),
    ],
)
def test_numbers_are_found_in_free_text(text, number, rest):
    found = free_number(text)
    assert (found and found[0], found and text[found[1] :]) == (number, rest)
    if number:
        assert read_number(number, Field("x", "float")) == float(number)


def allowed(field, text):
    return re.fullmatch(number_pattern(field), text) is not None


@given(
    st.integers(-2500, 2500), st.integers(0, 2500), st.integers(-3000, 6000),
)  # fmt: skip
@example(0, 0, 0)
@example(-1, 1, 0)
@example(99, 902, 1000)
def test_the_grammar_allows_whole_numbers_within_the_bounds_and_no_others(low, more, number):
    field = Field("x", "int", bounds=Bounds(low, low + more))
    assert allowed(field, str(number)) == (low <= number <= low + more)
    assert not allowed(field, f"0{abs(number)}")
    assert not allowed(field, f"{number}.0")


@given(
    st.integers(-250, 250), st.integers(0, 250), st.integers(-300, 600), st.integers(0, 2),
)  # fmt: skip
def test_the_grammar_allows_numbers_with_decimals_within_the_bounds_and_no_others(
    low, more, hundredths, decimals
):
    field = Field("x", "float", bounds=Bounds(low / 100, (low + more) / 100))
    written = f"{hundredths / 100:.{decimals}f}"
    units = round(float(written) * 100)
    fits = low <= units <= low + more and (units or not written.startswith("-"))
    assert allowed(field, written) == bool(fits)
    if fits:
        assert read_number(written, field) == float(written)
    assert number_syntax(field) == f"{low / 100:.15g}..{(low + more) / 100:.15g}"


def test_the_pattern_of_wide_bounds_stays_short():
    widest = Field("x", "int", bounds=Bounds(-999_999_999, 999_999_998))
    assert len(number_pattern(widest)) < 1500


def test_a_model_that_is_constrained_writes_numbers_that_are_done():
    people = [Persona(id=handle) for handle in ("ana", "ben", "cat")]
    cohort = Cohort("c", people, verbs=(Rate, Lean), rhythm=Steps(60.0), reacts_in=1.0,
                    feed=Feed(reads=everything, fresh=False))  # fmt: skip
    played = drive(Scenario("s", [cohort], [Cue(0.0, "ana", Write("hi"))], lasts=3600.0), plausible)
    done = [event for event in played.events if event.verb in {"rate", "lean"}]
    assert {event.outcome for event in done} == {"done"}
    assert {event.verb for event in done} == {"rate", "lean"}
    actions = {decode_action({"rate": Rate, "lean": Lean}[e.verb], e) for e in done}
    assert {one.stars for one in actions if isinstance(one, Rate)} == {1, 2, 3, 4, 5}
    assert all(-1 <= one.value <= 1 for one in actions if isinstance(one, Lean))


def test_plausible_replies_fit_the_pattern_of_numbers():
    pattern = ReplyFormat((Free,), 280, 10, 1).pattern(SEEN)
    for seed in range(50):
        reply = plausible(Prompt(system="", user="", pattern=pattern, seed=seed))
        assert ReplyFormat((Free,), 280, 10, 1).parse(reply, SEEN)


def test_a_number_is_recorded_in_extra_and_read_back():
    place = world()
    do(place, "ana", Write("hi"))
    event = do(place, "ben", Rate(0, 4))
    assert event.extra == '{"stars": 4}'
    assert decode_action(Rate, event) == Rate(0, 4)
    event = do(place, "ben", Lean(0.5))
    assert decode_action(Lean, event) == Lean(0.5)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (Lean(2.0), "value is 2.0; give a number from -1 to 1"),
        (Lean(float("nan")), "value is nan"),
        (Lean("1"), "value is '1'"),
        (Lean(value=True), "value is True"),
        (Rate(0, 3.0), "stars is 3.0; give a whole number from 1 to 5"),
        (Rate(0, 9), "stars is 9"),
    ],
)
def test_the_world_refuses_numbers_out_of_bounds_whoever_gives_them(action, reason):
    place = world()
    do(place, "ana", Write("hi"))
    assert reason in refused(place, "ben", action)


def test_a_cue_with_a_number_out_of_bounds_is_found_before_the_start():
    cohort = Cohort("c", [Persona(id="ana")])
    with pytest.raises(ScenarioError, match=r"cue 0 \(lean at 5 s\) by @ana: value is 3"):
        Scenario("s", [cohort], [Cue(5.0, "ana", Lean(3.0))])


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("**Rate** 1: 4", Rate(0, 4)),
        ("RATE post 1 4.", Rate(0, 4)),
        ('{"action": "rate", "post": 1, "stars": 4}', Rate(0, 4)),
        ("- lean -0.5", Lean(-0.5)),
        ("Lean: \u22120,5", Lean(-0.5)),
        ('```json\n{"lean": 0.25}\n```', Lean(0.25)),
        ("lean(0.25)", Lean(0.25)),
    ],
)
def test_a_free_reply_may_have_numbers(reply, action):
    reply_format = ReplyFormat((Rate, Lean), 80, 5, 1)
    place = world()
    do(place, "ana", Write("hi"))
    look, _ = place.observe("ben", 5.0, Feed(reads=everything), turn=0, seed=1)
    assert lenient_reader.read(reply_format, reply, look).actions == [action]


@pytest.mark.parametrize("reply", ["lean 7", "rate 1 nine", "rate 1", "lean"])
def test_a_free_reply_without_a_number_that_fits_is_no_action(reply):
    reply_format = ReplyFormat((Rate, Lean), 80, 5, 1)
    place = world()
    do(place, "ana", Write("hi"))
    look, _ = place.observe("ben", 5.0, Feed(reads=everything), turn=0, seed=1)
    with pytest.raises(ModelError):
        lenient_reader.read(reply_format, reply, look)
