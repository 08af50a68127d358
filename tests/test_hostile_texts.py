"""Whatever others wrote and wherever: a prompt has its template's special tokens and fits.

With HOSTILE=all, as `make hostile` has it, there are six times as many texts.
"""

import os
from random import Random

import made_hostile
import made_tokenizers
import pytest
from made_worlds import decide

from simnet import HOUR, Cohort, Feed, Persona, Quote, Reply, Write
from simnet.agents.formats.spotlighting import STYLES
from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.prompting.fitting import Fitting
from simnet.behaviours import Recall
from simnet.errors import PersonaError
from simnet.foundation.text import neutralise
from simnet.inference.engine.embedded import embedded_folder
from simnet.inference.model import Completion
from simnet.inference.tokens import ChatEncoder
from simnet.verbs import EVERY_VERB, MEMBER
from simnet.world.state.posts import MessageSeen, Post, View

LENGTHS = {"embedded": 2048, "bytes": 4096, "pieces": 1536}
HANDLES = [
    "ana",
    "\u0645\u0631\u06cc\u0645",
    "\u7d50\u8863",
    "im_end",
    "system",
    "s",
    "bos-2",
    "INST",
    "\u00aa",
]
VERBS = [EVERY_VERB, MEMBER, (Reply,), (Write,)]
SEEDS = 6 if os.environ.get("HOSTILE") == "all" else 1


@pytest.fixture(scope="module", params=sorted(LENGTHS))
def encoder(request, tmp_path_factory):
    length = LENGTHS[request.param]
    if request.param == "embedded":
        if not (embedded_folder() / "tokenizer.json").is_file():
            pytest.skip("the embedded model is not prepared")
        return ChatEncoder(embedded_folder(), length)
    folder = tmp_path_factory.mktemp(request.param)
    made, template = {
        "bytes": (made_tokenizers.byte_level(), made_tokenizers.TRIMMING),
        "pieces": (made_tokenizers.unigram(), made_tokenizers.NO_SYSTEM),
    }[request.param]
    return ChatEncoder(made_tokenizers.save(made, template, folder), length)


def structure(encoder, ids):
    return [token for token in ids if token in encoder._specials]


class Hostile:
    """Makes agents and what they see, of hostile texts, and counts those."""

    def __init__(self, seed):
        self.chance = Random(seed)
        self.count = 0

    def text(self):
        self.count += 1
        return made_hostile.text(self.chance)

    def stored(self, longest):
        """Make a text as a UTF-8 file holds it."""
        return self.text().encode("utf-8", "replace").decode()[:longest]

    def handle(self):
        return self.chance.choice(HANDLES)

    def agent(self):
        chance = self.chance
        persona = Persona(
            id=self.handle(),
            description=self.stored(20_000),
            attributes={self.stored(40): self.stored(4000), "likes": [self.stored(4000)]},
        )
        cohort = Cohort(
            "people",
            [persona],
            self.stored(60),
            verbs=chance.choice(VERBS),
            memory=chance.choice([0, 5, Recall()]),
            text_limit=chance.choice([20, 280]),
        )
        feed = Feed(size=chance.choice([1, 10]), oldest_first=chance.random() < 0.5)
        return HostedAgent(
            persona, cohort.profile(self.stored(60), feed, spotlighting=chance.choice(list(STYLES)))
        )

    def view(self, agent, turn):
        chance = self.chance
        posts = tuple(self.post(number) for number in range(chance.randint(1, 4)))
        whys = ("", "replied to you", "quoted you", f"reposted by @{self.handle()}")
        return View(
            agent.persona.id,
            turn,
            turn * HOUR,
            chance.getrandbits(64),
            posts,
            tuple(chance.choice(whys) for _ in posts),
            (MessageSeen(self.handle(), self.text()[:64], self.text(), 0.0),),
            (self.text(),),
            (self.handle(),),
            (self.text()[:64].strip(),),
            (self.text(),) if chance.random() < 0.3 else (),
        )

    def post(self, number):
        post = Post(number, self.handle(), 0, self.text(), 0.0)
        post.label = self.text() if self.chance.random() < 0.3 else ""
        post.to = self.handle() if self.chance.random() < 0.5 else None
        if self.chance.random() < 0.3:
            post.quotes = Post(99, self.handle(), 0, self.text(), 0.0)
        return post.shown()

    def remember(self, agent, view):
        """Have an agent do something in its own hostile words, and be shown those of others."""
        agent.memory.note(view, [Write(self.text()), Quote(view.posts[0].id, self.text())])


def check(encoder, seed, count):
    """Put `count` hostile texts into prompts and look at each."""
    expected = structure(encoder, encoder.encode("You are kind.", "What do you do?"))
    assert expected
    hostile, trimmed, turn = Hostile(seed), 0, 0
    while hostile.count < count:
        me = hostile.agent()
        for _ in range(2):
            turn += 1
            seen = hostile.view(me, turn)
            me.fitting = Fitting(seen, encoder, None)
            asked = []
            decision = decide(
                me, seen, lambda p, asked=asked: asked.append(p) or Completion("pass")
            )
            trimmed += "trimmed" in decision.marks
            for prompt in asked:
                assert prompt.ids is not None, (seed, turn)
                assert structure(encoder, prompt.ids) == expected, (seed, turn)
                assert len(prompt.ids) + prompt.max_tokens <= encoder.length, (seed, turn)
                assert prompt.user == neutralise(prompt.user), (seed, turn)
                assert prompt.system == neutralise(prompt.system), (seed, turn)
            hostile.remember(me, seen)
    assert trimmed > 0


@pytest.mark.slow
def test_hostile_texts_leave_the_template_and_the_limit_alone(encoder):
    check(encoder, 1, 2_000)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_so_do_ten_thousand_texts_of_any_seed(encoder, seed):
    check(encoder, seed, 10_000)


def test_hostile_instructions_of_a_behaviours_own_are_text_too(encoder):
    async def wondering(me, seen, ask):
        await ask(hostile.text()[:500], hostile.text())
        return []

    hostile = Hostile(4)
    expected = structure(encoder, encoder.encode("You are kind.", "What do you do?"))
    persona = Persona(id="ana")
    cohort = Cohort("people", [persona], behaviour=wondering)
    me = HostedAgent(persona, cohort.profile("A town.", Feed()))
    for turn in range(200):
        seen = hostile.view(me, turn)
        me.fitting = Fitting(seen, encoder, None)
        asked = []
        decide(me, seen, lambda prompt, asked=asked: asked.append(prompt) or Completion("well"))
        (prompt,) = asked
        assert structure(encoder, prompt.ids) == expected
        assert len(prompt.ids) + prompt.max_tokens <= encoder.length


@pytest.mark.parametrize("unseen", ["\u200d", "\u200c", "\u034f", "\ufe01", "\U000e0101"])
def test_no_handle_hides_what_makes_it_another(unseen):
    with pytest.raises(PersonaError, match="cannot be seen"):
        Persona(id=f"ana{unseen}")
