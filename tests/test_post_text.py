"""Posts are formatted once, as long as they stay the same."""

from made_worlds import shown, view

from simnet.agents.formats import post_text
from simnet.agents.formats.post_text import PostFormatter
from simnet.agents.formats.spotlighting import STYLES
from simnet.clock import HOUR


def formatter():
    return PostFormatter(STYLES["delimit"].quote)


def test_a_post_that_changed_is_formatted_anew():
    form = formatter()
    assert form.posts(view(shown(3))) == ['1 @ben: "hello"']
    assert form.posts(view(shown(3, likes=2))) == ['1 @ben: "hello" (2 likes)']


def test_the_same_post_is_formatted_by_why_it_is_there_and_how_old_it_is():
    form, post = formatter(), shown(3)
    assert form.posts(view(post, why=("reposted by @dan",))) == [
        '1 @ben: "hello" (reposted by @dan)'
    ]
    assert form.posts(view(post, now=2 * HOUR)) == ['1 @ben 2h: "hello"']
    assert form.posts(view(post, why=("replied to you",))) == ['1 @ben replied to you: "hello"']


def test_posts_that_come_and_go_are_never_taken_for_one_another(monkeypatch):
    monkeypatch.setattr(post_text, "CACHED", 7)
    form = formatter()
    for number in range(200):
        assert form.posts(view(shown(number, text=f"say {number}"))) == [f'1 @ben: "say {number}"']
        assert len(form._cache) <= 7
