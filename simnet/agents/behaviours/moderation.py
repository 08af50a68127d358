"""Strategies of moderators: what happens to each reported post, and to its author.

They act on every post of the view, so give the cohort `Feed(reads=reported)`, which shows the
queue of reports, and the verbs in `MODERATOR`. How much moderators do, and how late, follows
from their number, their rhythm and the size of their feed::

    from simnet.behaviours import by_reports, escalating
    from simnet.feeds import reported
    from simnet.rankings import most_reported
    from simnet.verbs import MODERATOR

    staff = Cohort(
        "staff",
        sample(2),
        behaviour=escalating(by_reports({"label": 2, "remove": 5})),
        verbs=MODERATOR,
        rhythm=Exponential(20 * MINUTE),
        feed=Feed(reads=reported, ranking=most_reported, size=5, fresh=False),
    )
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, get_args

from simnet.agents import reply_flags
from simnet.agents.formats.reply_grammar import excerpt
from simnet.agents.profile import Agent, Ask, Behaviour, Chosen, asks_a_model, asks_no_model
from simnet.agents.prompting import prompts
from simnet.errors import ModelError, ScenarioError
from simnet.foundation.arguments import checked
from simnet.world.actions import Action
from simnet.world.state.posts import View
from simnet.world.verbs import Dismiss, Label, Remove, Suspend, SuspendFor, Warn
from simnet.world.verbs.moderating import Span

Sanction: TypeAlias = Literal["dismiss", "label", "warn", "remove", "suspend"]
"""What a moderator does about a reported post; `suspend` removes it and suspends its author."""
SANCTIONS: tuple[str, ...] = get_args(Sanction)
"""From the mildest to the severest."""
Step: TypeAlias = Literal["warn", "hour", "day", "week", "month", "suspend"]
STEPS: tuple[str, ...] = get_args(Step)
_MEANINGS: Mapping[str, str] = {
    "dismiss": "the post is within the policy and stays",
    "label": "the post stays with a note under it",
    "warn": "the post stays and its author gets a warning",
    "remove": "the post is taken down",
    "suspend": "the post is taken down and its author is suspended",
}
NOTE = "This post may break the rules of this network."
WARNING = "Your post breaks the rules of this network."


@checked
def by_reports(
    thresholds: Mapping[Sanction, int],
    *,
    note: str = NOTE,
    warning: str = WARNING,
    span: Span = "day",
    anew: bool = False,
) -> Behaviour:
    """Act by how many members reported a post, without a model: the severest sanction reached.

    `{"label": 2, "remove": 5}` labels from two members on and removes from five on; posts below
    stay in the queue, which `Feed(fresh=False)` shows again. Who reported a post before a label or
    a warning counts on, once: three others, and the labelled post is removed. It is labelled again
    where two report it since. A dismissal ends the count; with `anew`, labels and warnings do, too.
    A suspension lasts a `span`. Raises ScenarioError for no thresholds, for another sanction or a
    threshold below 1.
    """
    if not thresholds or set(thresholds) - set(SANCTIONS):
        raise ScenarioError(f"by_reports({thresholds!r}): name {', '.join(SANCTIONS)}")
    if min(thresholds.values()) < 1:
        raise ScenarioError(f"by_reports({thresholds!r}): give numbers of members, 1 or more")
    severest_first = sorted(thresholds, key=SANCTIONS.index, reverse=True)

    def reached(members: int) -> Sanction | None:
        return next((one for one in severest_first if members >= thresholds[one]), None)

    @asks_no_model
    async def counting(me: Agent, view: View, ask: Ask) -> Chosen:
        actions: list[Action] = []
        for place, reported in enumerate(view.reports):
            since = reached(reported.members)
            sanction = since if anew else reached(reported.counted)
            # A few who report what is labelled already wait for others.
            if sanction is not None and (since or sanction not in reported.answered):
                actions += _actions(view, place, sanction, note, warning, span)
        return _once(actions)

    return counting


@checked
def by_policy(
    policy: str,
    sanctions: Sequence[Sanction] = ("dismiss", "label", "warn", "remove"),
    *,
    note: str = NOTE,
    warning: str = WARNING,
    span: Span = "day",
) -> Behaviour:
    """Have the model choose one of the sanctions for each reported post, by a policy in words.

    It is shown the post, why it was reported, and how often its author was warned or suspended.
    A post for which the reply names no sanction stays in the queue, and the turn has the mark
    `garbled`. Raises ScenarioError for an empty policy or fewer than two sanctions.
    """
    if not policy.strip():
        raise ScenarioError("by_policy(''): write what is allowed and what is not")
    if len(set(sanctions)) < 2 or set(sanctions) - set(SANCTIONS):
        raise ScenarioError(f"by_policy(sanctions={sanctions!r}): two or more of {SANCTIONS}")
    choices = "\n".join(f"{one}: {_MEANINGS[one]}" for one in sanctions)
    task = f"The policy: {policy}\nAnswer with one word of these:\n{choices}"
    pattern = f"({'|'.join(sanctions)})"

    async def judging(me: Agent, view: View, ask: Ask) -> Chosen:
        actions: list[Action] = []
        unclear: str | None = None
        system = prompts.task_instructions(me.profile, me.persona, task)
        lines = me.profile.post_format.posts(view)
        for place, line in enumerate(lines):
            reply = await ask(system, line.partition(" ")[2], pattern=pattern)
            sanction = reply.strip().casefold()
            if sanction in sanctions:
                actions += _actions(view, place, sanction, note, warning, span)
            else:
                unclear = reply
                for flag in reply_flags.unreadable(reply):
                    me.mark(flag)
        if unclear is not None and not actions:
            raise ModelError(f"the reply names no sanction: {excerpt(unclear)}")
        return _once(actions)

    return judging


@checked
def escalating(
    decides: Behaviour,
    ladder: Sequence[Step] = ("warn", "day", "suspend"),
    *,
    warning: str = WARNING,
) -> Behaviour:
    """Let the author of each post that `decides` removes climb a ladder of sanctions.

    The step is the number of warnings and suspensions that the author had before, and the last
    one for all after it: `warn`, a suspension for an `hour`, a `day`, a `week` or a `month`, or
    `suspend` for good. Raises ScenarioError for a ladder without steps or with others.
    """
    if not ladder or set(ladder) - set(STEPS):
        raise ScenarioError(f"escalating(ladder={ladder!r}): give steps of {', '.join(STEPS)}")

    async def climbing(me: Agent, view: View, ask: Ask) -> Chosen:
        chosen = await decides(me, view, ask)
        actions: list[Action] = []
        added: Counter[str] = Counter()
        places = {post.id: place for place, post in enumerate(view.posts)}
        for action in [chosen] if isinstance(chosen, Action) else chosen:
            if isinstance(action, Remove) and action.post in places:
                place = places[action.post]
                author = view.posts[place].author
                before = view.reports[place].strikes if view.reports else 0
                step = ladder[min(before + added[author], len(ladder) - 1)]
                actions.append(_step(step, action.post, author, warning))
                added[author] += 1
            actions.append(action)
        return _once(actions)

    return climbing if asks_a_model(decides) else asks_no_model(climbing)


def _actions(
    view: View, place: int, sanction: str, note: str, warning: str, span: Span
) -> list[Action]:
    post = view.posts[place]
    match sanction:
        case "dismiss":
            return [Dismiss(post.id)]
        case "label":
            return [Label(post.id, note)]
        case "warn":
            return [Warn(post.id, warning)]
        case "remove":
            return [Remove(post.id)]
        case _:
            return [Remove(post.id), SuspendFor(post.author, span)]


def _step(step: Step, post: int, author: str, warning: str) -> Action:
    if step == "warn":
        return Warn(post, warning)
    return Suspend(author) if step == "suspend" else SuspendFor(author, step)


def _once(actions: Sequence[Action]) -> list[Action]:
    """Leave out suspensions of those whom an earlier action suspends."""
    kept: list[Action] = []
    suspended: set[str] = set()
    for action in actions:
        if isinstance(action, Suspend | SuspendFor):
            if action.whom in suspended:
                continue
            suspended.add(action.whom)
        kept.append(action)
    return kept
