"""Posts are put into words once, as long as they stay the same."""

from made_worlds import shown, view

from simnet.agents.formats import post_text as teller
from simnet.agents.formats.post_text import Teller
from simnet.agents.formats.spotlighting import STYLES
from simnet.clock import HOUR


def telling():
    return Teller(STYLES["delimit"].quote)


def test_a_post_that_changed_is_told_anew():
    tells = telling()
    assert tells.posts(view(shown(3))) == ['1 @ben: "hello"']
    assert tells.posts(view(shown(3, likes=2))) == ['1 @ben: "hello" (2 likes)']


def test_the_same_post_is_told_by_why_it_is_there_and_how_old_it_is():
    tells, post = telling(), shown(3)
    assert tells.posts(view(post, why=("reposted by @dan",))) == [
        '1 @ben: "hello" (reposted by @dan)'
    ]
    assert tells.posts(view(post, now=2 * HOUR)) == ['1 @ben 2h: "hello"']
    assert tells.posts(view(post, why=("replied to you",))) == ['1 @ben replied to you: "hello"']


def test_posts_that_come_and_go_are_never_taken_for_one_another(monkeypatch):
    monkeypatch.setattr(teller, "KEPT", 7)
    tells = telling()
    for number in range(200):
        assert tells.posts(view(shown(number, text=f"say {number}"))) == [f'1 @ben: "say {number}"']
        assert len(tells._words) <= 7
