"""Shortens prompts until they fit the model's context length.

If prompt and reply do not fit, these are cut in turn: the oldest memories, the ends of long
texts, the lowest ranked posts, what is below the feed, and last the persona's portrait. Numbers
and grammar are those of the shorter view. Which version fits depends on the model's tokenizer;
a replay has none, and takes the version whose hash equals the recorded one.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

from simnet.agents.profile import Agent
from simnet.agents.prompting import prompts
from simnet.foundation.text import cut
from simnet.inference.model import Completion, Prompt
from simnet.world.search_finding import Finding
from simnet.world.state.posts import View

MAX_CHARACTERS_PER_TOKEN = 16
"""A text with more characters than this for each available token is not even encoded."""
SHORT, SHORTEST = 280, 50
"""Characters to which texts are cut: first all long ones, at last the only remaining post."""
HALVINGS = 8
"""How often the portrait is halved before it is left out."""


class Encoder(Protocol):
    """Turns a chat into token ids."""

    length: int | None
    """Context length in tokens, prompt and reply together; None if unlimited."""

    def encode(self, system: str, user: str) -> tuple[int, ...]:
        """Return the token ids of the whole chat."""
        ...


class Failure(NamedTuple):
    """How a turn failed in the user's code, as the record says."""

    marks: tuple[str, ...]
    reason: str


class KnownReplies(Protocol):
    """Replies known before the run starts, such as those of a run that is replayed."""

    def find(self, view: View, call: int, prompt: Prompt) -> Completion | None:
        """Return the reply to call number `call` of the turn of `view`, None if unknown.

        Raises DivergenceError if `prompt` differs from the recorded one.
        """
        ...

    def prompt_digest(self, view: View, call: int) -> str | None:
        """Return the digest of the prompt of that call, None if unknown."""
        ...

    def failure(self, view: View) -> Failure | None:
        """Return how the turn of `view` failed in the user's code, None if it did not."""
        ...

    def asked_person(self, view: View) -> bool | None:
        """Tell whether a person was asked in the turn of `view`, None if that is not known."""
        ...


def is_known(replies: KnownReplies, view: View) -> bool:
    """Whether the turn of a view is known: its first call, or that its code failed."""
    return replies.prompt_digest(view, 0) is not None or replies.failure(view) is not None


def fitted(prompt: Prompt, encoder: Encoder) -> Prompt | None:
    """Return a prompt with its token ids; None if it is too long."""
    room = None if encoder.length is None else encoder.length - prompt.max_tokens
    if room is not None and len(prompt.system) + len(prompt.user) > MAX_CHARACTERS_PER_TOKEN * room:
        return None
    ids = encoder.encode(prompt.system, prompt.user)
    return replace(prompt, ids=ids) if room is None or len(ids) <= room else None


class Fitting:
    """Chooses the version of each prompt of one turn."""

    def __init__(self, view: View, encoder: Encoder | None, replies: KnownReplies | None) -> None:
        self._view = view
        self._encoder = encoder
        self._replies = replies
        self._call = -1

    def pass_over(self) -> None:
        """Count a call whose prompt is not chosen here."""
        self._call += 1

    def choose(self, versions: int, make: Callable[[int], Prompt]) -> tuple[int, Prompt]:
        """Return the number and the prompt of the longest version that fits.

        Version 0 is the whole prompt; each is shorter than the one before. If none fits, the
        last is returned, which the model refuses.
        """
        self._call += 1
        digest = self._replies.prompt_digest(self._view, self._call) if self._replies else None
        if digest is not None:
            matches = (one for one in range(versions) if make(one).digest() == digest)
            version = next(matches, 0)  # without a match, version 0 leads to DivergenceError
            return version, make(version)
        if self._encoder is None:
            return 0, make(0)
        return self._longest(versions, make, self._encoder)

    def _longest(
        self, versions: int, make: Callable[[int], Prompt], encoder: Encoder
    ) -> tuple[int, Prompt]:
        whole = fitted(make(0), encoder)
        if whole is not None:
            return 0, whole
        fitting: dict[int, Prompt] = {}

        def fits(version: int) -> bool:
            prompt = fitted(make(version), encoder)
            if prompt is not None:
                fitting[version] = prompt
            return prompt is not None

        version = bisect_left(range(1, versions), True, key=fits) + 1  # noqa: FBT003
        if version in fitting:
            return version, fitting[version]
        return versions - 1, make(versions - 1)


class Version(NamedTuple):
    """The parts of a prompt that asks for an action."""

    system: str
    memories: Sequence[str]
    view: View


class Versions:
    """The versions of a prompt that asks for an action, from the whole to the shortest."""

    def __init__(self, me: Agent, view: View) -> None:
        self._me = me
        self._view = view
        self._memories = prompts.memory_lines(me, view)
        self._portrait = len(me.persona.portrait())
        self._droppable_memories = max(0, len(self._memories) - 1)
        self._droppable_posts = max(0, len(view.posts) - 1)

    def __len__(self) -> int:
        return 1 + self._droppable_memories + 1 + self._droppable_posts + 2 + HALVINGS

    def __getitem__(self, number: int) -> Version:
        """Return a version: 0 is the whole."""
        me, view = self._me, self._view
        memories = self._memories
        if number:
            kept = memories[1 + number :]
            memories = [memories[0], *kept] if kept else ()
        step = number - self._droppable_memories
        if step >= 1:
            view = _cut_texts(view, SHORT)
        if step > 1:
            view = self._without_last(view, min(step - 1, self._droppable_posts))
        step -= 1 + self._droppable_posts
        if step >= 1:
            view = self._posts_only(view)
        if step >= 2:
            view = _cut_texts(view, SHORTEST)
        if step <= 2:
            return Version(me.instructions, memories, view)
        longest = self._portrait >> (step - 2) if step < 2 + HALVINGS else 0
        return Version(prompts.instructions(me.profile, me.persona, longest), memories, view)

    def _without_last(self, view: View, fewer: int) -> View:
        """Leave out the lowest ranked posts; the oldest, if the feed ends with the newest."""
        if self._me.profile.oldest_first:
            return view.with_posts(slice(fewer, None))
        return view.with_posts(slice(len(view.posts) - fewer))

    def _posts_only(self, view: View) -> View:
        """Leave out all but posts, unless that leaves no possible action."""
        shorter = view._replace(
            messages=(), news=(), suggested=(), groups=(), communities=(), refused=()
        )
        return shorter if self._me.profile.reply_format.pattern(shorter) is not None else view


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
        news=tuple([_cut_news(one, longest) for one in view.news]),
        refused=tuple([cut(one, longest) for one in view.refused]),
    )


def _cut_news(news: str, longest: int) -> str:
    if isinstance(news, Finding):
        return Finding(news.before, cut(news.words, longest), news.after)
    return cut(news, longest)
