"""Row types of the tables that have no class elsewhere: not `events`, `calls`, `exposures`."""

from typing import NamedTuple

from simnet.clock import Seconds


class PersonaRow(NamedTuple):
    """One persona of the run. The fields are the columns of the `personas` table."""

    id: str
    """The handle, unique in the run."""
    cohort: str
    """The cohort it is in."""
    description: str
    """Who it is, in prose."""
    attributes: str
    """The persona's attributes as a JSON object."""
    portrait: str
    """The text that describes the persona in prompts."""
    source: str | None
    """Name of the file, data set or generator the persona came from; null if the scenario made
    it. It is never a path."""
    position: int
    """Place among all personas of the run, cohort by cohort; orders the table."""
    license: str | None = None
    """Licence of the source, if it is known."""
    revision: str | None = None
    """Revision of the source: that of its data set, or the checksum of its file."""
    original_id: str | None = None
    """The id in the source, if the handle is another."""


class Edge(NamedTuple):
    """A tie, or a change of one. The fields are the columns of the `network` table."""

    number: int
    """Place among the edges of the run; orders the table."""
    time: Seconds
    """Simulated time of the change; 0 for the initial graph."""
    follower: str
    """Handle of the one who follows."""
    followee: str
    """Handle of the one who is followed."""
    change: str
    """initial | follow | unfollow"""


class StateRow(NamedTuple):
    """A change of recorded state of custom verbs. The fields are the columns of `state`."""

    number: int
    """Place among the changes of the run; orders the table."""
    time: Seconds
    """Simulated time of the change."""
    name: str
    """Under which it is kept, as the verb's `records` says."""
    key: str
    """Which entry: a text as it is, such as a handle; anything else as JSON."""
    value: str | None
    """The entry's new value as JSON; null if it was removed."""


class Metric(NamedTuple):
    """One measurement of the engine. The fields are the columns of the `metrics` table."""

    wall: float
    """Seconds of wall time since the run began."""
    name: str
    """What was measured, such as `calls` or `phase.turns`; a figure of one engine or cohort begins
    with `model.ENGINE.` or `health.COHORT.`."""
    value: float
    """The figure, in `unit`."""
    unit: str
    """Such as seconds, tokens, calls, turns, times or share."""


class LedgerRow(NamedTuple):
    """The number of turns with an outcome. The fields are the columns of the `ledger` table."""

    outcome: str
    """planned | done | refused | failed"""
    cause: str
    """The reason of a refusal or failure; empty for other outcomes."""
    turns: int
    """Turns begun and cues due that had it."""


class PromptText(NamedTuple):
    """A text that prompts share. The fields are the columns of the `prompt_texts` table."""

    hash: str
    """BLAKE2b of the text in UTF-8, 16 bytes as hexadecimal digits; `calls` name it."""
    text: str
    """The text itself."""
