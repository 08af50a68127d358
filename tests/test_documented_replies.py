"""Each spelling that `docs/reference/replies.md` lists is read as the page says."""

import re
from itertools import takewhile

import pytest
from docs_pages import ROOT
from made_worlds import shown, view

from simnet import Persona, Reply
from simnet.agents.formats.fitted_reply import fitted
from simnet.agents.formats.lenient_reader import own_names, read
from simnet.agents.formats.reply_grammar import ReplyFormat
from simnet.errors import ModelError
from simnet.inference.replies.reasoning import separate_reasoning
from simnet.verbs import EVERY_VERB
from simnet.world.state.posts import MessageSeen

PAGE = (ROOT / "docs/reference/replies.md").read_text(encoding="utf-8")
CODE = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)")
ANN = Persona(id="ann", attributes={"name": "Ann Baker"})
SEEN = view(
    shown(40, "ben"),
    shown(7, "cat"),
    who="ann",
    messages=(MessageSeen("dan", None, "psst", 0.0),),
    suggested=("eve",),
    groups=("walkers",),
)
EVERY = ReplyFormat(EVERY_VERB, 280, feed_size=10, acts=1)
ALONE = ReplyFormat((Reply,), 280, feed_size=1, acts=1)


def rows(heading):
    """Read the rows of the table below a line, as texts."""
    after = PAGE.partition(heading)[2].splitlines()
    start = next(at for at, line in enumerate(after) if line.startswith("|"))
    lines = list(takewhile(lambda line: line.startswith("|"), after[start:]))
    assert len(lines) > 6
    return [[cell(one) for one in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def cell(text):
    text = text.strip().replace("\\|", "|")
    if text == "(empty)":
        return ""
    found = CODE.fullmatch(text)
    text = found[2] if found else text
    padded = found is not None and len(found[1]) > 1
    return (text.strip() if padded else text).replace("\\n", "\n")


@pytest.mark.parametrize(("reply", "reasoning", "text"), rows("## Reasoning"))
def test_reasoning_is_separated_as_the_page_says(reply, reasoning, text):
    assert separate_reasoning(reply) == (text, reasoning)


@pytest.mark.parametrize(("reply", "line"), rows("## Actions"))
def test_an_action_is_understood_as_the_page_says(reply, line):
    reading = read(EVERY, reply, SEEN, own_names(ANN))
    assert reading.actions == EVERY.parse(line, SEEN)
    assert not reading.cut


@pytest.mark.parametrize(("reply", "why"), rows("These have no meaning"))
def test_what_has_not_one_meaning_is_no_action(reply, why):
    with pytest.raises(ModelError):
        read(EVERY, reply, SEEN, own_names(ANN))
    assert why


@pytest.mark.parametrize(("reply", "text"), rows("## Texts"))
def test_what_surrounds_a_text_is_taken_off_as_the_page_says(reply, text):
    seen = SEEN._replace(posts=SEEN.posts[:1], why=("",))
    assert read(ALONE, reply, seen, own_names(ANN)).actions == [Reply(40, text)]


@pytest.mark.parametrize(("reply", "result"), rows("## Replies to a pattern"))
def test_a_reply_is_fitted_to_a_pattern_as_the_page_says(reply, result):
    assert fitted(reply, "(yes|no)") == result
