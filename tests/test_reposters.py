"""Who brought a post to whom, and whom a view names."""

from made_worlds import do, drive, world

from simnet import MINUTE, Cohort, Cue, Feed, Like, Never, Persona, Repost, Scenario, Steps, Write
from simnet.feeds import everything
from simnet.verbs import Block, Mute, Quote, Reply
from simnet.world.feeds.reposters import LISTED

HANDLES = ("ana", "ben", "cat", "dan", "eve")


def looked(place, who, feed=None, turn=0):
    return place.observe(who, place.now, feed or Feed(), turn=turn, seed=turn)


def test_an_exposure_says_whose_repost_brought_the_post():
    place = world(HANDLES, [("ben", "ana"), ("cat", "ben"), ("dan", "cat")])
    do(place, "ana", Write("news"))
    assert looked(place, "ben")[1].vias == (None,)
    do(place, "ben", Repost(0), 1.0)
    view, shown = looked(place, "cat")
    assert (shown.vias, view.why, view.reposters) == (("ben",), ("reposted by @ben",), (("ben",),))
    do(place, "cat", Repost(0), 2.0)
    assert [row.via for row in looked(place, "dan")[1].exposures()] == ["cat"]


def test_the_last_repost_counts_also_for_who_follows_the_author():
    place = world(HANDLES, [("dan", "ana"), ("dan", "ben"), ("dan", "cat")])
    do(place, "ana", Write("news"))
    do(place, "ben", Repost(0), 1.0)
    do(place, "cat", Repost(0), 2.0)
    assert looked(place, "dan")[1].vias == ("cat",)


def test_an_answer_is_brought_by_nobody_though_it_was_reposted():
    place = world(HANDLES, [("ana", "cat")])
    do(place, "ana", Write("news"))
    do(place, "ben", Reply(0, "why?"), 1.0)
    do(place, "cat", Repost(1), 2.0)
    view, shown = looked(place, "ana")
    assert (view.why, shown.vias) == (("replied to you",), (None,))


def test_a_view_names_all_reposters_one_follows_the_one_who_brought_it_first():
    place = world(HANDLES, [("eve", who) for who in ("ben", "cat")])
    do(place, "ana", Write("news"))
    for at, who in enumerate(("ben", "cat", "dan"), 1):
        do(place, who, Repost(0), float(at))
    view, shown = looked(place, "eve")
    assert view.why == ("reposted by @cat and @ben",)
    assert (view.reposters, shown.vias) == ((("cat", "ben"),), ("cat",))
    view, shown = looked(place, "eve", Feed(reads=everything, fresh=False))
    assert view.why == ("reposted by @dan, @cat and @ben",)  # dan brought it, whom she ignores
    assert shown.vias == ("dan",)


def test_many_reposters_are_counted_and_their_list_is_bounded():
    handles = ["ana", "eve", *(f"p{number}" for number in range(40))]
    place = world(handles, [("eve", who) for who in handles[2:]])
    do(place, "ana", Write("news"))
    for at, who in enumerate(handles[2:], 1):
        do(place, who, Repost(0), float(at))
    view, _ = looked(place, "eve")
    assert view.why == ("reposted by @p39, @p38, @p37 and 13 others you follow",)
    assert len(view.reposters[0]) == LISTED


def test_whoever_is_hidden_and_oneself_are_not_named():
    place = world(HANDLES, [("eve", who) for who in ("ben", "cat", "dan")])
    do(place, "ana", Write("news"))
    for at, who in enumerate(("ben", "cat", "dan", "eve", "ana"), 1):
        do(place, who, Repost(0), float(at))
    do(place, "eve", Mute("dan"), 6.0)
    do(place, "cat", Block("eve"), 7.0)
    view, shown = looked(place, "eve", Feed(fresh=False))
    assert (view.why, shown.vias) == (("reposted by @ben",), ("ben",))
    view, shown = looked(place, "eve", Feed(reads=everything, fresh=False))
    assert view.why == ("reposted by @ben",)
    assert shown.vias == ("ana",)  # the author's own repost is the last


def test_a_view_says_what_one_did_with_the_posts_of_a_feed_that_shows_them_again():
    place = world(HANDLES, [("ben", "ana")])
    do(place, "ana", Write("news"))
    do(place, "ana", Write("more"))
    do(place, "ben", Like(0))
    do(place, "ben", Repost(0))
    view, _ = looked(place, "ben", Feed(fresh=False))
    assert [post.id for post in view.posts] == [1, 0]
    assert view.done == ((), ("like", "repost"))
    assert looked(place, "ben")[0].done == ()


def test_a_feed_shows_a_post_again_after_each_repost_by_another():
    place = world(HANDLES, [("dan", who) for who in ("ana", "ben", "cat")])
    feed = Feed(again=True)

    def numbers():
        return [post.id for post in looked(place, "dan", feed)[0].posts]

    do(place, "ana", Write("news"))
    assert (numbers(), numbers()) == ([0], [])
    do(place, "ben", Repost(0), 1.0)
    assert (numbers(), numbers()) == ([0], [])
    do(place, "dan", Repost(0), 2.0)
    do(place, "cat", Quote(0, "well"), 2.0)
    assert (numbers(), numbers()) == ([1], [])
    do(place, "cat", Repost(0), 3.0)
    assert (numbers(), numbers()) == ([0], [])
    assert [post.id for post in looked(place, "dan", Feed())[0].posts] == []


def test_when_a_post_was_shown_is_part_of_the_state_if_it_may_be_shown_again():
    digests = set()
    for first in ("look", "repost"):
        place = world(HANDLES, [("dan", "ana"), ("dan", "ben")])
        do(place, "ana", Write("news"))
        if first == "look":
            looked(place, "dan", Feed(again=True))
        do(place, "ben", Repost(0))
        looked(place, "dan", Feed(again=True))
        digests.add(place.digest())
    assert len(digests) == 1
    place = world(HANDLES, [("dan", "ana"), ("dan", "ben")])
    do(place, "ana", Write("news"))
    looked(place, "dan", Feed(again=True))
    do(place, "ben", Repost(0))
    assert place.digest() not in digests  # the repost is still to be shown


def test_a_prompt_names_the_reposters():
    prompts = []

    def reply(prompt):
        prompts.append(prompt.user)
        return "pass"

    people = [Persona(id=handle) for handle in HANDLES]
    cohort = Cohort("all", people[:-1], rhythm=Never())
    reader = Cohort("readers", people[-1:], rhythm=Steps(10 * MINUTE, offset=MINUTE))
    cues = [Cue(0.0, "ana", Write("news")), Cue(1.0, "ben", Repost(0)), Cue(2.0, "cat", Repost(0))]
    ties = [("eve", "ben"), ("eve", "cat")]
    drive(Scenario("s", [cohort, reader], cues, lasts=2 * MINUTE, ties=ties), reply)
    assert '1 @ana: "news" (2 reposts, reposted by @cat and @ben)' in prompts[0]
