"""Compares actions as compact lines with actions as JSON, on the embedded model.

The views come from a small town that was simulated with invented replies. Each becomes two
prompts that differ only in the instructions on how to reply, constrained by the grammar of the
encoding: lines such as `reply 2: Sure.`, or objects such as
`{"action": "reply", "post": 2, "text": "Sure."}`. Every reply is parsed by its encoding's
parser. The encodings alternate, `--rounds` times, on one engine.

Prints one table and one JSON line. On a GPU give --model.
"""

import argparse
import asyncio
import json
import statistics
from collections.abc import Sequence
from time import perf_counter
from typing import Any, NamedTuple

from arguments import at_least
from rich.console import Console
from rich.table import Table

from simnet import Cohort, Exponential, Feed, Scenario, sample
from simnet.agents.formats.numbered_view import Shape
from simnet.agents.formats.reply_grammar import ReplyFormat, purpose
from simnet.agents.host import Host
from simnet.agents.hosted_agent import HostedAgent
from simnet.agents.profile import AgentProfile
from simnet.agents.prompting import prompts
from simnet.clock import HOUR, MINUTE
from simnet.errors import ModelError
from simnet.inference.backends.choice import choose
from simnet.inference.fakes.fake import FakeModel
from simnet.inference.model import Completion, Model
from simnet.inference.settings import EngineSettings
from simnet.kernel.kernel import Kernel
from simnet.kernel.status import Status
from simnet.models import Prompt
from simnet.runtime.agent_factory import agents_of
from simnet.world.actions import Action, fields_of
from simnet.world.state.posts import View

POSTS = 10
"""Posts in a feed at most; feeds show only new posts, so most have fewer."""
_STRING = r'"([^"\\\n\r]|\\["\\/bfnrt])'


class JsonFormat(ReplyFormat):
    """Replies as JSON objects."""

    @property
    def rules(self) -> str:  # type: ignore[override]  # the lines keep theirs
        """How to reply, in words."""
        offers = [json.dumps(self._example(verb)) + purpose(verb) for verb in self.verbs.values()]
        forms = f"(N: a number you see, TEXT: at most {self.text_limit} characters)"
        return "\n".join([f"Answer with one of these JSON objects {forms}:", *offers])

    def _example(self, verb: type[Action]) -> dict[str, str]:
        words = {field.name: "TEXT" if field.kind == "text" else "N" for field in fields_of(verb)}
        return {"action": verb.verb, **words}

    def _build_pattern(self, shape: Shape) -> str | None:
        if super()._build_pattern(shape) is None:
            return None
        verbs = [
            verb
            for verb in self.verbs.values()
            if all(f.kind == "text" or len(shape.numbers(f.kind)) for f in fields_of(verb))
        ]
        return "|".join(rf"\{{{', '.join(self._members(verb, shape))}\}}" for verb in verbs)

    def _members(self, verb: type[Action], shape: Shape) -> list[str]:
        members = [f'"action": "{verb.verb}"']
        for field in fields_of(verb):
            numbers = "|".join(map(str, shape.numbers(field.kind)))
            text = rf'{_STRING}{{1,{self.text_limit}}}"'
            members.append(f'"{field.name}": {text if field.kind == "text" else f"({numbers})"}')
        return members

    def parse(self, reply: str, view: View) -> list[Action]:
        """Parse a reply. Raises ModelError if it does not fit this view."""
        try:
            fields = json.loads(reply)
            verb = self.verbs[fields.pop("action")]
            values = {name: str(value) for name, value in fields.items()}
            return [self.build(verb, values, view)]
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise ModelError(f"the reply is not an action: {fault!r}") from fault


class JsonProfile(AgentProfile):
    """A profile whose replies are JSON."""

    @property
    def reply_format(self) -> ReplyFormat:  # type: ignore[override]
        """Describes the verbs to a model, and parses its replies."""
        if "_reply_format" not in self.__dict__:
            made = JsonFormat(self.verbs, self.text_limit, self.feed_size, self.acts)
            self.__dict__["_reply_format"] = made
        kept: ReplyFormat = self.__dict__["_reply_format"]
        return kept


class Situation(NamedTuple):
    """What one agent sees and remembers."""

    view: View
    memories: Sequence[str]
    agent: HostedAgent


class Figures(NamedTuple):
    """Measurements of one encoding."""

    encoding: str
    posts: float
    """In view."""
    actions: int
    prompt_tokens: float
    """An action."""
    tokens: float
    """Out, an action; of those that are parseable."""
    speaking: float
    """Share of actions with a text; where more is said, more tokens go out."""
    overhead: float
    """Of the tokens out, those that are not of the text."""
    same: float
    """Tokens an action, with the actions of both encodings written in this one."""
    parseable: float
    at_limit: float
    """Share of replies that ended because they were too long."""
    seconds: float
    """Of a round."""


ROWS = (
    ("posts in view", "posts", ".1f"),
    ("tokens in", "prompt_tokens", ".0f"),
    ("tokens out", "tokens", ".1f"),
    ("of them not of the text", "overhead", ".1f"),
    ("has a text", "speaking", ".0%"),
    ("tokens out, were the actions the same", "same", ".1f"),
    ("parseable", "parseable", ".1%"),
    ("cut, being too long", "at_limit", ".1%"),
    ("actions", "actions", ","),
    ("seconds for a round of them", "seconds", ".1f"),
)
"""Rows of the table: name, field of Figures, format."""


def town(people: int, longest: int) -> Scenario:
    """Build the scenario."""
    crowd = Cohort(
        "people", sample(people), "You like short sentences.",
        rhythm=Exponential(30 * MINUTE), follows={"people": 0.5}, text_limit=longest,
    )  # fmt: skip
    return Scenario("town", [crowd], feed=Feed(size=POSTS), lasts=6 * HOUR, seed=5)


async def situations(scenario: Scenario, count: int, least: int) -> list[Situation]:
    """Simulate with invented replies; return the last situations with `least` posts in view."""
    make = agents_of(scenario)
    agents: dict[str, HostedAgent] = {}

    def made(who: str) -> HostedAgent:
        return agents.setdefault(who, make(who))

    host, kernel = Host(made, FakeModel()), Kernel(scenario)
    found: list[Situation] = []
    status = Status.FULL
    while status is not Status.DONE:
        status = kernel.advance(64)
        views, kernel.views = kernel.views, []
        for view in views:
            agent = made(view.who)
            found.append(Situation(view, tuple(prompts.memory_lines(agent, view)), agent))
        async for results in host.think(views):
            kernel.deliver(results.decisions)
    return [one for one in found if len(one.view.posts) >= least][-count:]


def prompt_for(kind: type[AgentProfile], one: Situation) -> tuple[AgentProfile, Prompt]:
    """Build the prompt about a situation."""
    profile = kind(
        **{name: getattr(one.agent.profile, name) for name in AgentProfile.__dataclass_fields__}
    )
    me = HostedAgent(one.agent.persona, profile)
    user = "\n".join([*one.memories, *prompts.view_lines(me, one.view)])
    pattern = profile.reply_format.pattern(one.view)
    seed = one.view.seed >> 1
    return profile, Prompt(
        system=me.instructions, user=user, pattern=pattern, seed=seed, max_tokens=120
    )


async def complete(model: Model, asking: Sequence[Prompt]) -> tuple[list[Completion], float]:
    """Send all prompts at once; return the completions in order, and seconds."""
    began = perf_counter()
    done: dict[int, Completion] = {}
    async for finished in model.generate(asking):
        done.update(finished)
    return [done[at] for at in range(len(asking))], perf_counter() - began


class Done(NamedTuple):
    """An action, and the values of its fields in a reply."""

    action: Action
    words: dict[str, Any]


def words_of(action: Action, view: View) -> dict[str, Any]:
    """Return the fields of an action, with targets as their numbers in the view."""
    posts = [post.id for post in view.posts]
    members = [post.author for post in view.posts]
    members += [*(message.sender for message in view.messages), *view.suggested]
    places: dict[str, Any] = {"post": posts, "member": members}
    fields: dict[str, Any] = {}
    for field in fields_of(type(action)):
        value = getattr(action, field.name)
        fields[field.name] = places[field.kind].index(value) + 1 if field.kind in places else value
    return fields


def written(name: str, done: Done) -> str:
    """Write an action in an encoding."""
    if name == "JSON":
        return json.dumps({"action": done.action.verb, **done.words}, ensure_ascii=False)
    kinds = {field.name: field.kind for field in fields_of(type(done.action))}
    text = "".join(f": {word}" for key, word in done.words.items() if kinds[key] == "text")
    numbers = "".join(f" {word}" for key, word in done.words.items() if kinds[key] != "text")
    return f"{done.action.verb}{numbers}{text}"


def figures(
    name: str,
    profiles: Sequence[AgentProfile],
    views: Sequence[View],
    runs: Sequence[Any],
    count: Any,
) -> tuple[Figures, list[Done]]:
    """Return the measurements of one encoding, and the actions of its replies."""
    actions: list[Done] = []
    parsed, speaking, tokens, overhead, cut, total = 0, 0, [], [], 0, 0
    for completions, _ in runs:
        for profile, view, done in zip(profiles, views, completions, strict=True):
            total += 1
            cut += done.finish == "length"
            try:
                (action,) = profile.reply_format.parse(done.text, view)
            except ModelError:
                continue
            parsed += 1
            tokens.append(done.output_tokens)
            actions.append(Done(action, words_of(action, view)))
            said = getattr(action, "text", None)
            speaking += said is not None
            overhead.append(done.output_tokens - (count(said) if said else 0))
    prompt_tokens = statistics.mean(d.prompt_tokens for done, _ in runs for d in done)
    seconds = statistics.median(seconds for _, seconds in runs)
    mean = [statistics.mean(some) if some else float("nan") for some in (tokens, overhead)]
    posts = statistics.mean(len(view.posts) for view in views)
    measured = Figures(
        encoding=name,
        posts=posts,
        actions=total,
        prompt_tokens=prompt_tokens,
        tokens=mean[0],
        speaking=speaking / total,
        overhead=mean[1],
        same=0.0,
        parseable=parsed / total,
        at_limit=cut / total,
        seconds=seconds,
    )
    return measured, actions


async def measure(
    model_name: str | None, scenario: Scenario, count: int, rounds: int, least: int
) -> list[Figures]:
    """Start the engine and send it every situation in both encodings."""
    settings = EngineSettings(model="embedded")
    backend = choose("vllm", model_name, settings).ready(print)
    encoder = backend.encoder()
    assert encoder is not None
    found = await situations(scenario, count, least)
    kinds = {"lines": AgentProfile, "JSON": JsonProfile}
    asking = {name: [prompt_for(kind, one) for one in found] for name, kind in kinds.items()}
    model = backend.build()
    runs: dict[str, list[Any]] = {name: [] for name in kinds}
    try:
        await complete(model, [pairs[0][1] for pairs in asking.values()])  # compiles grammars
        for turn in range(rounds):
            names = list(kinds) if turn % 2 == 0 else list(reversed(kinds))
            for name in names:
                runs[name].append(await complete(model, [prompt for _, prompt in asking[name]]))
    finally:
        await model.close()
    views = [one.view for one in found]
    found_out = [
        figures(name, [profile for profile, _ in asking[name]], views, runs[name], encoder.count)
        for name in kinds
    ]
    both = [done for _, actions in found_out for done in actions]
    return [
        one._replace(same=statistics.mean(encoder.count(written(one.encoding, d)) for d in both))
        for one, _ in found_out
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", help="folder or hub name; the embedded one if left out")
    parser.add_argument("--views", type=at_least(1), default=40)
    parser.add_argument("--rounds", type=at_least(1), default=2)
    parser.add_argument(
        "--people", type=at_least(1), default=20, help="the more, the fuller are feeds"
    )
    parser.add_argument("--longest", type=at_least(1), default=100, help="characters in one text")
    least = range(1, POSTS + 1)
    parser.add_argument("--least", type=int, default=1, choices=least, help="posts in view")
    options = parser.parse_args()
    scenario = town(options.people, options.longest)
    asking = measure(options.model, scenario, options.views, options.rounds, options.least)
    found = asyncio.run(asking)
    table = Table("an action", *(one.encoding for one in found))
    for name, field, form in ROWS:
        table.add_row(name, *(format(getattr(one, field), form) for one in found))
    Console().print(table)
    print(json.dumps([one._asdict() for one in found]))


if __name__ == "__main__":
    main()
