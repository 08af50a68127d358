"""Decides which replies of a run a fine-tuning set takes, and in which form."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from simnet.agents import reply_flags
from simnet.agents.profile import Flagger
from simnet.export.training_sets.replies import RecordedReply
from simnet.export.training_sets.sentences import whole_sentences
from simnet.foundation.text import neutralise
from simnet.inference.replies.reasoning import separate_reasoning

AtLimit: TypeAlias = Literal["leave-out", "cut", "keep"]
"""What becomes of replies that ran into the limit of characters or tokens: left out, cut after
their last whole sentence, or kept as they are."""
Prompts: TypeAlias = Literal["served", "post"]
"""What the replies of a set answer: the prompt that was served, or the post alone."""
System: TypeAlias = Literal["served", "portrait", "none"]
"""The system message of a set: the recorded one (setting, rules, the cohort's manner and the
persona), the persona's portrait alone, or none."""

LEFT_OUT = ("empty", "garbled", "refusal", "repetition")
"""Flags of replies that are left out by default."""
REASONING = "reasoning"
"""Cause for which a reply, or a prompt that shows others', is left out: it is thinking aloud."""
NO_PROMPT = "no recorded prompt"
"""Cause for which a reply is left out of served messages: no model call of its turn gave it."""

_SPECIAL = re.compile(
    r"<\|[^|<>]{1,40}\|>|</?s>|\[/?INST\]|<(?:bos|eos|pad|unk)>|<(?:start|end)_of_turn>"
)
"""Special tokens written out. A tokenizer would read them as the structure of a chat."""


def special_tokens(text: str) -> bool:
    """Whether a text has special tokens written out."""
    return _SPECIAL.search(text) is not None


class ChatPair(NamedTuple):
    """A reply that is taken, with the messages it answers."""

    reply: RecordedReply
    prompt: list[dict[str, str]]
    """The messages before the reply, each with `role` and `content`."""
    answer: str
    """Content of the assistant's message."""
    cleaned: bool
    """Whether reasoning was removed from the reply."""
    at_limit: bool
    """Whether it ran into the limit and was kept as it is."""
    shortened: bool
    """Whether it ran into the limit and was cut after its last whole sentence."""

    @property
    def completion(self) -> list[dict[str, str]]:
        """The reply as a message."""
        return [_message("assistant", self.answer)]


@dataclass(frozen=True)
class Screen:
    """The choices of an export."""

    prompts: Prompts = "served"
    at_limit: AtLimit = "leave-out"
    include_marked: bool = False
    """Whether replies with a flag of LEFT_OUT are taken too."""
    leave_out: Collection[str] = ()
    """More flags for which replies are left out."""
    flagger: Flagger | None = None
    """Adds flags of one's own to those that were recorded."""
    system: System | None = None
    """None stands for `served` where prompts are served, else for `none`: what a model is trained
    to need, it needs when it is used, and an adapter of a type of follower shall not be told."""

    def __call__(self, reply: RecordedReply) -> ChatPair | str:
        """Return a reply as it is taken, or the cause for which it is left out.

        Texts are flagged again, because older records have the flags of an older version.
        """
        text = separate_reasoning(reply.text).text
        if not text and reply.text:
            return REASONING
        limited = reply.at_limit or reply_flags.AT_LIMIT in reply.flags
        if limited and self.at_limit != "keep":
            whole = whole_sentences(text) if self.at_limit == "cut" else ""
            if not whole:
                return reply_flags.AT_LIMIT
            text, limited = whole, False
        now = reply._replace(text=text, post=separate_reasoning(reply.post).text)
        return self._flaw(now) or self._pair(
            now,
            cleaned=separate_reasoning(reply.text).text != reply.text,
            at_limit=limited,
            shortened=text != separate_reasoning(reply.text).text,
        )

    def _flaw(self, reply: RecordedReply) -> str | None:
        flags = {*reply.flags, *reply_flags.text_flags(reply.text)}
        if _SPECIAL.search(reply.text):
            flags.add(reply_flags.GARBLED)
        flags.update(reply_flags.own_flags(self.flagger, reply.text))
        causes = (*(() if self.include_marked else LEFT_OUT), *self.leave_out)
        return next((cause for cause in causes if cause in flags), None)

    def _pair(self, reply: RecordedReply, **facts: bool) -> ChatPair | str:
        system = self.system or ("served" if self.prompts == "served" else "none")
        if reply.call is None and "served" in {self.prompts, system}:
            return NO_PROMPT
        prompt = []
        # An empty system text is a message too: without one, chat templates add their own.
        if system == "served" and reply.call:
            prompt.append(_message("system", neutralise(reply.call.system)))
        elif system == "portrait":
            prompt.append(_message("system", neutralise(reply.persona)))
        if self.prompts == "post" or reply.call is None:
            prompt.append(_message("user", reply.post))
            return self._checked(ChatPair(reply, prompt, reply.text, **facts))
        answer = reply.served() or (reply.text if self.include_marked else None)
        if answer is None:
            return NO_PROMPT
        prompt.append(_message("user", neutralise(reply.call.user)))
        return self._checked(ChatPair(reply, prompt, answer, **facts))

    def _checked(self, pair: ChatPair) -> ChatPair | str:
        contents = [message["content"] for message in pair.prompt]
        if any(separate_reasoning(text).reasoning is not None for text in contents):
            return REASONING
        if not self.include_marked and any(map(_SPECIAL.search, contents)):
            return reply_flags.GARBLED
        return pair


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}
