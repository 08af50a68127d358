"""Handles and tags in texts: who is told, what is found, what is counted."""

import pytest
from made_worlds import do, drive, view, world

from simnet import HOUR, MINUTE, Cohort, Cue, Feed, Never, OnPost, Persona, Scenario, Steps, Write
from simnet.behaviours import touched
from simnet.verbs import (
    Block,
    Message,
    Mute,
    Quote,
    Remove,
    Reply,
    SearchPosts,
    Suspend,
    Trend,
    Unmute,
)
from simnet.world.state.markup import mentioned, tags_in

HANDLES = ("ana", "ben", "cat.smith", "Dan", "小明", "ева-1")


def named(text, handles=HANDLES):
    place = world(handles)
    return [handles[whom] for whom in mentioned(text, place.find)]


@pytest.mark.parametrize(
    ("text", "handles"),
    [
        ("@ben", ["ben"]),
        ("hi @ben, and @ana!", ["ben", "ana"]),
        ("@ben @ben", ["ben"]),
        ("thanks @cat.smith.", ["cat.smith"]),
        ("(@ben's idea)", ["ben"]),
        ("@BEN and @dan", ["ben", "Dan"]),
        ("@benny", []),
        ("write to me@ben.org", []),
        ("@ nobody, @zoe", []),
        ("问@小明你好吗", ["小明"]),
        ("去𠮷@ana𠮷野家吗", ["ana"]),  # a rare Chinese letter
        ("привет, @ева-1!", ["ева-1"]),
        ("@ben@ana", ["ben"]),
        ("@" * 50 + "x" * 9_000, []),
    ],
)
def test_handles_are_found_in_a_text(text, handles):
    assert named(text) == handles


def test_between_namesakes_case_decides():
    handles = ("Ben", "ben", "BEN")
    assert named("@ben @BEN", handles) == ["ben", "BEN"]
    assert named("@bEn", handles) == []


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#Climate and #climate", ["climate"]),
        ("#a,#b!", ["a", "b"]),
        ("#1 of #2024goals", ["2024goals"]),
        ("a#b &#39;", []),
        ("#été #हिंदी #天气#", ["été", "हिंदी", "天气"]),
        ("# heading", []),
        ("𠮷#天气", ["天气"]),
    ],
)
def test_tags_are_found_in_a_text(text, tags):
    assert tags_in(text) == tags


def looked(place, who, feed=None):
    seen, shown = place.observe(who, place.now, feed or Feed(), turn=0, seed=0)
    return list(zip([post.id for post in seen.posts], seen.why, shown.rankers, strict=True))


def test_whoever_is_named_is_told_though_they_follow_nobody():
    place = world()
    do(place, "ana", Write("what does @ben think?"))
    assert looked(place, "ben") == [(0, "mentioned you", "mention")]
    assert looked(place, "ben") == []
    assert looked(place, "cat") == []


def test_an_answer_that_names_its_reader_tells_them_once_and_tells_others_too():
    place = world()
    do(place, "ana", Write("hello"))
    do(place, "ben", Reply(0, "@ana ask @cat"))
    do(place, "dan", Quote(0, "@ana @cat look"))
    assert looked(place, "ana") == [(2, "quoted you", "mention"), (1, "replied to you", "mention")]
    assert looked(place, "cat") == [
        (2, "mentioned you", "mention"),
        (1, "mentioned you", "mention"),
    ]


def test_a_quote_of_a_removed_post_is_still_said_to_quote():
    place = world()
    do(place, "ana", Write("hello"))
    do(place, "dan", Quote(0, "no"))
    do(place, "ben", Remove(0))
    looked(place, "cat", Feed())
    place.posts[1].shown()
    assert looked(place, "ana") == [(1, "quoted you", "mention")]


@pytest.mark.parametrize("by", [("ben", Mute("ana")), ("ben", Block("ana")), ("ana", Block("ben"))])
def test_nobody_is_told_by_whom_they_do_not_see(by):
    place = world()
    do(place, *by)
    do(place, "ana", Write("hello @ben"))
    assert looked(place, "ben") == []
    if by[1] == Mute("ana"):
        do(place, "ben", Unmute("ana"))
    assert looked(place, "ben") == []


def test_naming_oneself_tells_nobody():
    place = world()
    do(place, "ana", Write("I am @ana"))
    assert looked(place, "ana") == []


def test_a_mention_wakes_whoever_is_woken_by_mentions_and_counts_as_being_touched():
    sleeper = Cohort("sleepers", [Persona(id="ana"), Persona(id="eve")], reacts_in=1.0,
                     rhythm=OnPost(5.0, frozenset({"mention"})))  # fmt: skip
    others = Cohort("others", [Persona(id="ben")], rhythm=Never())
    cues = [Cue(10.0, "ben", Write("well, @ana?")), Cue(20.0, "ben", Message("eve", "@eve"))]
    played = drive(Scenario("s", [sleeper, others], cues, lasts=HOUR), lambda _: "pass")
    assert [(one.who, one.now) for one in played.views] == [("ana", 15.0)]
    assert touched(played.views[0])
    assert not touched(view())


def test_a_prompt_says_who_mentions_one():
    prompts = []
    people = [Persona(id="ana"), Persona(id="ben")]
    cohort = Cohort("c", people, rhythm=Steps(HOUR, offset=MINUTE))

    def reply(prompt):
        prompts.append(prompt.user)
        return "pass"

    cue = Cue(0.0, "ana", Write("and @ben?"))
    drive(Scenario("s", [cohort], [cue], lasts=2 * MINUTE), reply)
    assert any('1 @ana mentioned you: "and @ben?"' in prompt for prompt in prompts)


def found(place, who, action):
    do(place, who, action)
    return place.observe(who, place.now, Feed(size=1), turn=0, seed=0)[0].news


def test_a_search_for_a_tag_finds_that_tag_alone():
    place = world()
    for text in ("my #Cat", "a #catalogue", "cat", "#dog and #cat!"):
        do(place, "ana", Write(text))
    assert found(place, "ben", SearchPosts("#cat")) == (
        "found @ana: #dog and #cat!", "found @ana: my #Cat",
    )  # fmt: skip
    assert found(place, "ben", SearchPosts("#cat dog")) == ("found @ana: #dog and #cat!",)
    assert len(found(place, "ben", SearchPosts("cat"))) == 4
    assert found(place, "ben", SearchPosts("#1")) == ("nothing found for '#1'",)


def test_trend_counts_tags_of_the_posts_one_may_see():
    place = world()
    for who, text in (
        ("ana", "#one #two"), ("cat", "#Two"), ("cat", "#two #three"), ("dan", "#three #three"),
    ):  # fmt: skip
        do(place, who, Write(text))
    news = found(place, "ben", Trend())
    assert news[:3] == (
        "trending #two: 3 posts",
        "trending #three: 2 posts",
        "trending #one: 1 post",
    )
    assert news[3].startswith("trending @")
    do(place, "ben", Mute("cat"))
    do(place, "ana", Suspend("dan"))
    assert found(place, "ben", Trend())[:2] == ("trending #one: 1 post", "trending #two: 1 post")


def test_the_tags_of_a_post_are_read_once(monkeypatch):
    read = []
    monkeypatch.setattr(
        "simnet.world.state.posts.tags_in", lambda text: read.append(text) or tags_in(text)
    )
    place = world()
    for text in ("a #cat", "a #dog"):
        do(place, "ana", Write(text))
    do(place, "ben", SearchPosts("cat"))
    assert not read
    for who in ("ben", "dan"):
        do(place, who, Trend())
        do(place, who, SearchPosts("#cat"))
    assert sorted(read) == ["a #cat", "a #dog"]
