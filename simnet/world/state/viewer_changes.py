"""What interventions changed about a viewer: sent with a view to the process of their agent."""

from typing import NamedTuple, TypeAlias

Settings: TypeAlias = tuple[tuple[str, str | int | bool | None], ...]
"""Names and values of fields of an agent's profile, in alphabetical order."""


class MemoryChange(NamedTuple):
    """One change of what an agent remembers."""

    adds: bool
    """Whether `text` is added; otherwise memories are removed."""
    text: str
    """The memory to add, or the words of those to remove; an empty text removes all."""


class ViewerChanges(NamedTuple):
    """What interventions changed about one viewer."""

    settings: Settings = ()
    """All settings that differ from those of the cohort."""
    memory: tuple[MemoryChange, ...] = ()
    """Changes since the last view, in order."""
    news: tuple[str, ...] = ()
    """Texts given to the viewer since the last view; `View.news` begins with them."""
