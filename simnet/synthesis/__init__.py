"""Personas made of texts and of other personas, and texts made with personas, thousands at once.

Many prompts are kept in flight at a model, and a reply is on the disk before it counts: a job that
was killed goes on where it was. The output is in the order of the input.
"""

from simnet.synthesis.asking.counts import Counts
from simnet.synthesis.asking.job import JobOptions, Reporter
from simnet.synthesis.asking.staged import Staged, StagedPersonas
from simnet.synthesis.composing.composition import Composition
from simnet.synthesis.composing.demonstrations import Demonstration, read_demonstrations
from simnet.synthesis.composing.tasks import Task, task_named
from simnet.synthesis.composing.text_folder import write_texts
from simnet.synthesis.composing.text_job import MadeTexts, TextJob, synthesize
from simnet.synthesis.people.attribute_completion import Wanted, read_wanted
from simnet.synthesis.people.expansion import Expansion
from simnet.synthesis.people.named_relations import read_relations
from simnet.synthesis.people.persona_file import PersonaFile
from simnet.synthesis.people.persona_folder import write_personas
from simnet.synthesis.people.persona_job import Made, PersonaJob, Texts, expand

__all__ = [
    "Composition",
    "Counts",
    "Demonstration",
    "Expansion",
    "JobOptions",
    "Made",
    "MadeTexts",
    "PersonaFile",
    "PersonaJob",
    "Reporter",
    "Staged",
    "StagedPersonas",
    "Task",
    "TextJob",
    "Texts",
    "Wanted",
    "expand",
    "read_demonstrations",
    "read_relations",
    "read_wanted",
    "synthesize",
    "task_named",
    "write_personas",
    "write_texts",
]
