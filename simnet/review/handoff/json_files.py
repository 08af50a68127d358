"""Reads the JSON files of other tools."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simnet.errors import InputError


def read_json(file: Path) -> Any:
    """Read a JSON file. Raises InputError, with line and column, if it is none."""
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise InputError(f"{file}: there is no such file") from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{file}: is no JSON text: {error}") from None
    except ValueError as error:
        raise InputError(f"{file}: is not JSON: {error}") from None


def records_in(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Iterate over the objects of a JSON list, each with its place, such as `record 3`.

    Raises InputError if it is no list of objects.
    """
    found = read_json(file)
    if not isinstance(found, list):
        raise InputError(f"{file}: is no list of records")
    for number, record in enumerate(found, 1):
        if not isinstance(record, dict):
            raise InputError(f"{file}: record {number} is no object")
        yield f"record {number}", record
