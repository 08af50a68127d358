"""Encodes chats as token ids, in the process of the agent; texts cannot inject special tokens.

The chat template of the model is rendered once, with placeholders for the contents; a prompt
needs no template rendering. The whole text of a chat is tokenised at once, which gives the same
ids as other tools. If these have more special tokens than the template, a content has injected
one: then the texts between the special tokens of the template are tokenised one by one, with
special tokens switched off.
"""

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from tokenizers import AddedToken, Tokenizer

from simnet.errors import InputError
from simnet.foundation.text import neutralise
from simnet.inference.replies.reasoning import NO_REASONING

_SYSTEM, _USER = "\ue0f0system\ue0f1", "\ue0f0user\ue0f1"
_PLAIN = "{{ bos_token }}{% for m in messages %}{{ m['content'] }}\n\n{% endfor %}"
_TODAY = dt.datetime(2024, 7, 26, tzinfo=dt.UTC)


_REASONING_PARSERS = (
    ("<think>", "</think>", "deepseek_r1"),
    ("<seed:think>", "</seed:think>", "seed_oss"),
    ("[THINK]", "[/THINK]", "mistral"),
    ("<|START_THINKING|>", "<|END_THINKING|>", "cohere_command3"),
)
"""The tags between which models reason, and vLLM's parser of each."""
_HARMONY = "<|channel|>"


class _Layout(NamedTuple):
    """A rendered template, split at its contents."""

    before: str
    between: str
    after: str
    folded: bool
    """Whether the template has no system role; the system text then begins the user's turn."""
    trims: tuple[bool, bool]
    """Whether the template strips white space from the system and from the user content."""
    source: str
    """The template as it is written."""


class ChatEncoder:
    """Encodes a system and a user text as a chat that ends where the reply begins.

    `folder` has `tokenizer.json` and, in `chat_template.jinja` or `tokenizer_config.json`, the
    chat template; without a template the texts are paragraphs. Raises InputError, naming the
    file, if one is missing or unusable.
    """

    def __init__(self, folder: Path | str, length: int | None = None) -> None:
        """Take the model's folder, and the most tokens of prompt and reply together."""
        self.length = length
        self._folder = Path(folder)
        path = self._folder / "tokenizer.json"
        if not path.is_file():
            raise InputError(f"{path} is missing: simnet needs a model with a fast tokenizer")
        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._specials = self._guard_added_tokens()
        self._layout = _layout(self._folder)
        self._expected = self._specials_in(self._ids(self._chat("a", "b")))
        self._encode_head = lru_cache(maxsize=512)(self._ids)
        self._head_end = self._find_head_end()

    @property
    def reasoning_parser(self) -> str | None:
        """Name vLLM's parser of the reasoning that the model begins with; None if it has none.

        A template that is asked for no reasoning and opens a block for it all the same, or that
        has the channels of the harmony format, makes the model reason before each reply.
        """
        known = self._special_texts()
        if _HARMONY in self._layout.source and _HARMONY in known:
            return "openai_gptoss"
        end = self._layout.after
        for opening, closing, parser in _REASONING_PARSERS:
            if end.rfind(opening) > end.rfind(closing) and {opening, closing} <= set(known):
                return parser
        return None

    def encode(self, system: str, user: str) -> tuple[int, ...]:
        """Encode the chat; its special tokens are exactly those of the template."""
        system, user = neutralise(system), neutralise(user)
        text = self._chat(system, user)
        shift = len(text) - len(self._chat("", user))
        at = shift + self._head_end if self._head_end else 0
        ids = (*self._encode_head(text[:at]), *self._ids(text[at:])) if at else self._ids(text)
        if self._specials_in(ids) == self._expected:
            return ids
        return tuple(self._encode_apart(system, user))

    def count(self, text: str) -> int:
        """Count the tokens of a text as content, special tokens in it taken as plain text."""
        return len(self._plain(neutralise(text)))

    def decode(self, ids: Sequence[int]) -> str:
        """Decode token ids to text, special tokens included."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False))

    def _guard_added_tokens(self) -> frozenset[int]:
        """Make every added token special, so that all can be switched off; return their ids."""
        added = self._tokenizer.get_added_tokens_decoder()
        plain = [token for token in added.values() if not token.special]
        self._tokenizer.add_special_tokens(
            [
                AddedToken(
                    token.content,
                    single_word=token.single_word,
                    lstrip=token.lstrip,
                    rstrip=token.rstrip,
                    normalized=token.normalized,
                    special=True,
                )
                for token in plain
            ]
        )
        return frozenset(added)

    def _chat(self, system: str, user: str) -> str:
        layout, (system, user) = self._layout, self._trimmed(system, user)
        return f"{layout.before}{system}{layout.between}{user}{layout.after}"

    def _trimmed(self, system: str, user: str) -> tuple[str, str]:
        trims = self._layout.trims
        return system.strip() if trims[0] else system, user.strip() if trims[1] else user

    def _find_head_end(self) -> int:
        """Find where the head of a chat ends, which many prompts share; the system text is empty.

        The head ends at a special token, because no token spans one. Returns 0 when this
        tokenizer differs, or the template has no such token.
        """
        layout = self._layout
        starts = [layout.between.find(token) for token in self._special_texts()]
        starts = [start for start in starts if start >= 0]
        if not starts:
            return 0
        end = len(layout.before) + min(starts)
        text = self._chat("", " c d")
        return end if self._ids(text) == (*self._ids(text[:end]), *self._ids(text[end:])) else 0

    def _special_texts(self) -> list[str]:
        return [token.content for token in self._tokenizer.get_added_tokens_decoder().values()]

    def _encode_apart(self, system: str, user: str) -> Iterator[int]:
        """Encode with no special tokens but those of the template."""
        layout, contents = self._layout, self._trimmed(system, user)
        plain = ""
        template_texts = (layout.before, layout.between, layout.after)
        for template_text, content in zip(template_texts, (*contents, ""), strict=True):
            for text, special in self._split(template_text):
                plain += text
                if special is not None:
                    yield from self._plain(plain)
                    yield special
                    plain = ""
            plain += content
        yield from self._plain(plain)

    def _split(self, template_text: str) -> Iterator[tuple[str, int | None]]:
        """Split template text at its special tokens: (text before, token or None at the end)."""
        encoding = self._tokenizer.encode(template_text, add_special_tokens=False)
        at = 0
        for token, (start, stop) in zip(encoding.ids, encoding.offsets, strict=True):
            if token in self._specials:
                yield template_text[at:start], token
                at = stop
        yield template_text[at:], None

    def _ids(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _plain(self, text: str) -> list[int]:
        self._tokenizer.encode_special_tokens = True
        try:
            ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        finally:
            self._tokenizer.encode_special_tokens = False
        return [token for token in ids if token not in self._specials]

    def _specials_in(self, ids: Sequence[int]) -> list[int]:
        return [token for token in ids if token in self._specials]


def _layout(folder: Path) -> _Layout:
    """Render the chat template of a model folder around placeholders."""
    from jinja2 import TemplateError  # noqa: PLC0415  (kept off the path of a plain import)

    source = _source(folder, _read_json(folder / "tokenizer_config.json"))
    render = _renderer(folder, source)
    try:
        return _split_template(render, source, folded=False)
    except (TemplateError, LookupError):
        pass  # no system role: the template refused it or left it out
    try:
        return _split_template(render, source, folded=True)
    except (TemplateError, LookupError) as fault:
        raise InputError(f"the chat template in {folder} cannot be used: {fault}") from fault


def _split_template(render: Any, source: str, *, folded: bool) -> _Layout:
    def split(pad: str) -> tuple[str, str, str]:
        system, user = f"{pad}{_SYSTEM}{pad}", f"{pad}{_USER}{pad}"
        text = render(f"{system}\n\n{user}") if folded else render(user, system)
        if text.count(_SYSTEM) != 1 or text.count(_USER) != 1:
            raise LookupError("it does not have each content once")
        before, rest = text.split(_SYSTEM)
        between, after = rest.split(_USER)
        return before, between, after

    before, between, after = split("")
    padded = split(" ")
    trims = (not padded[0].startswith(f"{before} "), not padded[2].startswith(" "))
    return _Layout(before, between, after, folded, trims, source)


def _renderer(folder: Path, source: str) -> Any:
    """Compile the template; the result renders (user, system=None) to text."""
    from jinja2.exceptions import TemplateError  # noqa: PLC0415
    from jinja2.ext import loopcontrols  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    def refuse(message: str) -> NoReturn:
        raise TemplateError(message)

    config = _read_json(folder / "tokenizer_config.json")
    names = _read_json(folder / "special_tokens_map.json") | config
    tokens = {key: _content(names.get(f"{key}")) for key in ("bos_token", "eos_token", "unk_token")}
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.filters["tojson"] = lambda value, **kwargs: json.dumps(
        value, ensure_ascii=False, **kwargs
    )
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = _TODAY.strftime  # a prompt is the same every day
    template = environment.from_string(source)
    effort = {"reasoning_effort": "low"} if _HARMONY in source else {}

    def render(user: str, system: str | None = None) -> str:
        turns = [{"role": "system", "content": system}] if system is not None else []
        messages = [*turns, {"role": "user", "content": user}]
        return str(
            template.render(
                messages=messages, add_generation_prompt=True, **NO_REASONING, **effort, **tokens
            )
        )

    return render


def _source(folder: Path, config: dict[str, Any]) -> str:
    """Read the source of the chat template from either of the files that may have it."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    template = config.get("chat_template")
    if isinstance(template, list):
        template = {entry["name"]: entry["template"] for entry in template}.get("default")
    return template if isinstance(template, str) else _PLAIN


def _content(token: Any) -> str:
    return str(token["content"]) if isinstance(token, dict) else str(token or "")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as fault:
        raise InputError(f"{path} is not JSON: {fault}") from fault
    return found if isinstance(found, dict) else {}
