"""Settings of SynDisco whose personas, topics and instructions are in files of their own."""

from pathlib import Path

from simnet.datafiles.whole_text import text_of
from simnet.errors import InputError
from simnet.personas.persona import Persona
from simnet.personas.sources import load_personas
from simnet.scenario.discussions.discussion import CONTEXT, INSTRUCTIONS, MODERATION
from simnet.scenario.files.text_files import TEXT_FILES
from simnet.scenario.syndisco.actor_settings import TURN_TAKING, read_actor, read_speakers
from simnet.scenario.syndisco.experiment import DiscussionSettings
from simnet.scenario.syndisco.marked_fields import Fields

_OF_FILES = (
    *("topics_dir", "user_persona_path", "user_persona_dir", "user_instructions_path"),
    *("mod_instructions_path", "mod_instruction_path", "vanilla_instructions_path"),
    *("output_dir", "include_mod", "num_experiments", "num_users", "context_prompt"),
    *("moderator_attributes", "num_turns", "history_ctx_len", *TURN_TAKING),
)
PERSONAS_FOLDER = "user_persona_dir"
_SECTIONS = ("files", "experiment_variables", "turn_taking")
MODERATOR = "moderator"


def read_file_settings(section: Fields, folder: Path) -> DiscussionSettings:
    """Read the settings whose personas, topics and instructions are in files of their own."""
    parts = {name: section.object(name) for name in _SECTIONS}
    section.only(_SECTIONS)
    for part in parts.values():
        part.only(_OF_FILES)
    files, variables, turns = (parts[name] for name in _SECTIONS)
    users = people_in(files, files.first("user_persona_path", PERSONAS_FOLDER), folder)
    topics = [[text] for text in _topics(files, folder)]
    told = files.first("user_instructions_path", "vanilla_instructions_path")
    moderated = variables.flag("include_mod", default=False)
    actor = {"name": MODERATOR, "attributes": variables.texts("moderator_attributes")}
    return DiscussionSettings(
        users,
        variables.text("context_prompt", CONTEXT),
        _file_text(files, told, folder) or INSTRUCTIONS,
        read_actor(Fields(actor), 1).persona if moderated else None,
        _file_text(files, files.first("mod_instructions_path", "mod_instruction_path"), folder)
        or MODERATION,
        topics,
        read_speakers(turns),
        turns.whole("num_turns", 10),
        turns.whole("history_ctx_len", 3),
        read_active(variables, "num_users", len(users), len(users)),
        variables.whole("num_experiments", 1),
    )


def _path(fields: Fields, name: str, folder: Path) -> Path:
    """Find a file that settings name: as it is, or beside them."""
    named = Path(fields.text(name))
    found = next((one for one in (folder / named, named) if one.exists()), None)
    if found is None:
        fields.wrong(name, f"is {str(named)!r}; there is no such file, here or beside the settings")
    return found


def people_in(fields: Fields, name: str, folder: Path) -> list[Persona]:
    """Read the personas of a file that settings name, or of a folder with a file for each."""
    path = _path(fields, name, folder)
    files = sorted(path.glob("*.json")) if name == PERSONAS_FOLDER else [path]
    people = [persona for file in files for persona in load_personas(file)]
    if not people:
        fields.wrong(name, f"is {str(path)!r}, which holds no personas")
    return people


def _file_text(fields: Fields, name: str, folder: Path) -> str:
    return text_of(_path(fields, name, folder)).strip() if name in fields else ""


def _topics(fields: Fields, folder: Path) -> list[str]:
    if "topics_dir" not in fields:
        return []
    path = _path(fields, "topics_dir", folder)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    texts = [text_of(file).strip() for file in files if file.suffix in TEXT_FILES]
    if not any(texts):
        raise InputError(f"{path} holds no text files with topics; write one topic a .txt file")
    return [text for text in texts if text]


def read_active(fields: Fields, name: str, default: int, most: int) -> int:
    """Read how many users take part in a discussion."""
    active = fields.whole(name, min(default, most))
    if active > most:
        fields.wrong(name, f"is {active}, and there are {most} users; give at most so many")
    return active
