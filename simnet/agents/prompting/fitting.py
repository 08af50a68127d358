"""Prompts that are never too long for the model.

Where a prompt does not fit beside its reply, the oldest memories go first, then the ends of
long texts, then the lowest ranked posts, then what is below them, and the persona's portrait
last. The model is offered what is left, so numbers and grammar are those of the shorter view.
What fitted is a fact of the model's tokenizer. A run that is done again has none, and finds
the version whose hash is the recorded one.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from simnet.agents.profile import Agent
from simnet.agents.prompting import prompts
from simnet.inference.model import Completion, Prompt
from simnet.text import cut
from simnet.world.posts import View

MOST_CHARACTERS = 16
"""Characters a token; a text with more a token than that is not even counted."""
SHORT, SHORTEST = 280, 50
"""Characters to which texts are cut: all that are long, and the one post that is left."""
HALVINGS = 8


class Encoder(Protocol):
    """Turn a chat into token ids."""

    length: int | None
    """Tokens of prompt and reply together; None where nothing is too long."""

    def encode(self, system: str, user: str) -> tuple[int, ...]:
        """Encode what a model is to see."""
        ...


class KnownReplies(Protocol):
    """Replies known before the run starts, such as those of a run that is replayed."""

    def find(self, view: View, call: int, prompt: Prompt) -> Completion | None:
        """Return the reply to the call of this number in the turn of `view`, None if unknown.

        Raises DivergenceError when the prompt is not the one it was the reply to.
        """
        ...

    def prompt_digest(self, view: View, call: int) -> str | None:
        """Return the digest of the prompt of that call, None if it is unknown."""
        ...


def encoded(prompt: Prompt, encoder: Encoder) -> Prompt | None:
    """Add the token ids to a prompt; None if it is too long."""
    room = None if encoder.length is None else encoder.length - prompt.max_tokens
    if room is not None and len(prompt.system) + len(prompt.user) > MOST_CHARACTERS * room:
        return None
    ids = encoder.encode(prompt.system, prompt.user)
    return replace(prompt, ids=ids) if room is None or len(ids) <= room else None


class Fitting:
    """Chooses among the versions of a prompt, for the calls of one turn."""

    def __init__(self, view: View, encoder: Encoder | None, replies: KnownReplies | None) -> None:
        self._view = view
        self._encoder = encoder
        self._replies = replies
        self._call = -1

    def choose(self, versions: int, make: Callable[[int], Prompt]) -> tuple[int, Prompt]:
        """Return the number and the prompt of the longest of `versions` that fits.

        The first is the whole prompt, and each is shorter than the one before. If none fits
        it is the last, which the model refuses.
        """
        self._call += 1
        digest = self._replies.prompt_digest(self._view, self._call) if self._replies else None
        if digest is not None:
            found = (one for one in range(versions) if make(one).digest() == digest)
            version = next(found, 0)  # if it is none of them, the whole one tells why
            return version, make(version)
        if self._encoder is None:
            return 0, make(0)
        return self._longest(versions, make, self._encoder)

    def _longest(
        self, versions: int, make: Callable[[int], Prompt], encoder: Encoder
    ) -> tuple[int, Prompt]:
        whole = encoded(make(0), encoder)
        if whole is not None:
            return 0, whole
        fitting: dict[int, Prompt] = {}

        def fits(version: int) -> bool:
            prompt = encoded(make(version), encoder)
            if prompt is not None:
                fitting[version] = prompt
            return prompt is not None

        version = bisect_left(range(1, versions), True, key=fits) + 1  # noqa: FBT003
        if version in fitting:
            return version, fitting[version]
        return versions - 1, make(versions - 1)


class Version(NamedTuple):
    """What a prompt that asks for an action is made of."""

    system: str
    memories: Sequence[str]
    view: View


class Versions:
    """The versions of a prompt that asks for an action, from the whole to the shortest."""

    def __init__(self, me: Agent, view: View) -> None:
        self._me = me
        self._view = view
        self._memories = prompts.recalled(me, view)
        self._portrait = len(me.persona.portrait())
        self._forgets = max(0, len(self._memories) - 1)
        self._drops = max(0, len(view.posts) - 1)

    def __len__(self) -> int:
        return 1 + self._forgets + 1 + self._drops + 2 + HALVINGS

    def __getitem__(self, number: int) -> Version:
        """Return a version: 0 is the whole."""
        me, view = self._me, self._view
        memories = self._memories
        if number:
            kept = memories[1 + number :]
            memories = [memories[0], *kept] if kept else ()
        step = number - self._forgets
        if step >= 1:
            view = _cut_texts(view, SHORT)
        if step > 1:
            view = self._first(view, min(step - 1, self._drops))
        step -= 1 + self._drops
        if step >= 1:
            view = self._bare(view)
        if step >= 2:
            view = _cut_texts(view, SHORTEST)
        if step <= 2:
            return Version(me.instructions, memories, view)
        longest = self._portrait >> (step - 2) if step < 2 + HALVINGS else 0
        return Version(prompts.instructions(me.profile, me.persona, longest), memories, view)

    def _first(self, view: View, fewer: int) -> View:
        """Leave out the lowest ranked posts, of a feed that ends with the newest the oldest."""
        if self._me.profile.oldest_first:
            return view._replace(posts=view.posts[fewer:], why=view.why[fewer:])
        kept = len(view.posts) - fewer
        return view._replace(posts=view.posts[:kept], why=view.why[:kept])

    def _bare(self, view: View) -> View:
        """Leave out all but posts, unless nothing could be done then."""
        bare = view._replace(messages=(), news=(), suggested=(), groups=(), refused=())
        return bare if self._me.profile.replies.pattern(bare) is not None else view


def _cut_texts(view: View, longest: int) -> View:
    return view._replace(
        posts=tuple(
            [
                post._replace(
                    text=cut(post.text, longest),
                    quoted=post.quoted and cut(post.quoted, longest),
                    label=cut(post.label, longest),
                )
                for post in view.posts
            ]
        ),
        messages=tuple([one._replace(text=cut(one.text, longest)) for one in view.messages]),
        news=tuple([cut(one, longest) for one in view.news]),
        refused=tuple([cut(one, longest) for one in view.refused]),
    )
