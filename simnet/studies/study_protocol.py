"""What results have to know of their study: a protocol."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from simnet.studies.expectations import Hypothesis


class Named(Protocol):
    """What has a name."""

    @property
    def name(self) -> str:
        """The name."""
        ...


class Labelled(Protocol):
    """What has a label."""

    @property
    def label(self) -> str:
        """The label."""
        ...


class StudyPlan(Protocol):
    """What results have to know of their study; a Study is one, and so is its recorded plan."""

    @property
    def name(self) -> str:
        """The name of the study."""
        ...

    @property
    def measures(self) -> Sequence[Named]:
        """The measures."""
        ...

    @property
    def cells(self) -> Sequence[Labelled]:
        """The conditions."""
        ...

    @property
    def parameters(self) -> Mapping[str, Sequence[object]]:
        """The values of each parameter."""
        ...

    @property
    def hypotheses(self) -> Sequence[Hypothesis]:
        """The hypotheses."""
        ...
