"""Prints a run as a person would read it."""

from collections.abc import Container, Iterable

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from simnet.analysis.recorded_health import health_lines
from simnet.analysis.threads import Post, Threads, descendants, gather, involving, rows
from simnet.clock import format_time
from simnet.errors import UsageError
from simnet.foundation.text import counted, did_you_mean, terminal_safe, visible
from simnet.personas.names import normal
from simnet.recording.files.manifest import model_names
from simnet.recording.reading.run import Run
from simnet.world.events import DONE, Event

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")
_DEEPEST = 8
"""Deepest indentation of replies; deeper ones are printed at this depth."""


def show(
    run: Run,
    console: Console,
    *,
    limit: int | None = None,
    events: bool = False,
    who: str | None = None,
) -> None:
    """Print the threads of a run, or with `events` its events in order of time.

    At most `limit` threads or events are printed, with `who`, a handle or an id from before an
    import, only those that this member took part in. Raises UsageError if there is no such member.
    """
    all_events = list(rows(run.read("events")))
    if who is not None:
        who = _handle(run, all_events, who)
    threads = gather(all_events, run.relations)
    console.print(_title(run))
    colours = _colours(event.cohort for event in all_events)
    if events:
        chosen = [event for event in all_events if who in {None, event.who, event.whom}]
        _print_events(chosen, console, colours, limit)
    else:
        _print_threads(threads, console, colours, limit, who)
    console.print(_closing(threads))
    for line in health_lines(run, all_events):
        console.print(Text(line, "dim"))


def _handle(run: Run, all_events: list[Event], who: str) -> str:
    """Find a member by handle, else by the id that one persona alone had before its import."""
    personas = run.read("personas").select(["id", "original_id"]).to_pylist()
    handles = {event.who for event in all_events if event.who} | {row["id"] for row in personas}
    for name in (who, normal(who.strip()), normal(who.strip().removeprefix("@"))):
        if name in handles:
            return name
        found = [row["id"] for row in personas if normal(row["original_id"] or "") == name]
        if name and len(found) == 1:
            return str(found[0])
    hint = did_you_mean(who, handles)
    raise UsageError(f"nobody in this run has the handle {who!r}{hint}")


def _colours(cohorts: Iterable[str]) -> dict[str, str]:
    """Give each cohort a colour by its alphabetical position, the same in every call."""
    return {
        cohort: _COLOURS[number % len(_COLOURS)]
        for number, cohort in enumerate(sorted(set(cohorts)))
    }


def _title(run: Run) -> Text:
    manifest = run.manifest
    facts = [run.state, *(["incomplete"] if run.missing else [])]
    facts += [manifest.scenario.name] if manifest.scenario else []
    facts += model_names(manifest)
    facts += [f"seed {manifest.seed}"] if manifest.seed is not None else []
    if manifest.parent is not None:
        moment = format_time(manifest.parent_until or 0.0)
        facts.append(f"forked from {manifest.parent} at {moment}")
    return Text.assemble((visible(run.id), "bold"), "  ", visible(" · ".join(facts)))


def _print_threads(
    threads: Threads, console: Console, colours: dict[str, str], limit: int | None, who: str | None
) -> None:
    kept = involving(threads, who) if who is not None else set(threads.posts)
    roots = [root for root in threads.roots if root.id in kept]
    for root in roots[:limit]:
        console.print()
        console.print(_tree(root, colours, kept))
    missed = [event for event in threads.missed if who in {None, event.who}]
    if missed:
        console.print()
        for event in missed[:limit]:
            console.print(_attempt(event, colours))
    _print_omitted(console, len(roots), limit, "thread")
    _print_omitted(console, len(missed), limit, "turn", " that came to nothing")


def _tree(root: Post, colours: dict[str, str], kept: Container[int]) -> Tree:
    tree = Tree(_post(root, colours, deep=False), guide_style="dim")
    above = [tree]
    for depth, post in descendants(root):
        if post.id not in kept:
            continue
        if post is not root:
            del above[min(depth, _DEEPEST) :]
            above.append(above[-1].add(_post(post, colours, deep=depth > _DEEPEST)))
        for attempt in post.attempts:
            above[-1].add(_attempt(attempt, colours))
    return tree


def _post(post: Post, colours: dict[str, str], *, deep: bool) -> Text:
    event = post.event
    text = Text()
    text.append(visible(_name(event.who)), f"bold {colours[event.cohort]}")
    facts = [event.cohort, format_time(event.time), f"#{post.id}", *post.counts()]
    facts += [f"quotes #{post.quotes}"] if post.quotes is not None else []
    facts += [f"answers @{post.parent.event.who}"] if deep and post.parent else []
    facts += [f"[{mark}]" for mark in event.marks]
    text.append(visible("  " + " · ".join(facts)), "dim")
    for label in dict.fromkeys(post.labels):
        text.append(f"\n[label: {visible(label)}]", "italic")
    if post.removed_by is not None:
        text.append(f"\n[removed by {visible(_name(post.removed_by))}]", "italic")
    text.append("\n" + terminal_safe(event.text or ""), "" if post.removed_by is None else "dim")
    return text


def _attempt(event: Event, colours: dict[str, str]) -> Text:
    text = Text(style="dim")
    text.append(visible(_name(event.who)), colours[event.cohort])
    text.append(visible(f"  {format_time(event.time)} · {event.verb} {event.outcome}: "))
    text.append(terminal_safe(event.reason or "no reason given"))
    if event.text:
        text.append("\n" + terminal_safe(event.text))
    return text


def _print_events(
    events: list[Event], console: Console, colours: dict[str, str], limit: int | None
) -> None:
    for event in events[:limit]:
        console.print(_line(event, colours))
    _print_omitted(console, len(events), limit, "event")


def _line(event: Event, colours: dict[str, str]) -> Text:
    text = Text(style="" if event.outcome == DONE else "dim")
    text.append(f"{format_time(event.time)}  ", "dim")
    text.append(visible(_name(event.who)), f"bold {colours[event.cohort]}")
    text.append(f" {visible(event.verb)}")
    for mark, value in (("#", event.post), ("@", event.whom), ("in ", event.group_name)):
        text.append(visible(f" {mark}{value}") if value is not None else "")
    text.append(f" -> #{event.made}" if event.made is not None else "")
    if event.outcome != DONE:
        text.append(terminal_safe(f" {event.outcome}: {event.reason}"))
    text.append(terminal_safe("".join(f" [{mark}]" for mark in event.marks)), "dim")
    text.append(": " + " ".join(terminal_safe(event.text).split()) if event.text else "")
    return text


def _name(who: str) -> str:
    """Name who did something; interventions are nobody's."""
    return f"@{who}" if who else "an intervention"


def _print_omitted(
    console: Console, count: int, limit: int | None, what: str, which: str = ""
) -> None:
    if limit is not None and count > limit:
        omitted = counted(count - limit, f"more {what}")
        console.print(Text(f"... and {omitted}{which}", style="dim"))


def _closing(threads: Threads) -> Text:
    done = ", ".join(counted(count, verb) for verb, count in threads.done.most_common())
    undone = ", ".join(
        f"{counted(count, verb)} {outcome}"
        for (outcome, verb), count in threads.undone.most_common()
    )
    return Text(
        "\n" + visible("; ".join(filter(None, [done or "nothing happened", undone]))), "dim"
    )
