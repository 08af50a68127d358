"""Import, search and similarity of a catalogue of made-up personas, beside an older checkout.

The largest, and one beside a checkout of an older release::

    python benchmarks/catalogue.py --rows 200000
    python benchmarks/catalogue.py --rows 1000000 --against ../simnet-0.2

Personas are sentences put together from words, each with a job, a town, labels and an age. An
import reads them from an iterator in one pass, makes their vectors, commits them and makes the
indexes; the time to make the personas is in it and is shown beside it. Searches and comparisons
are medians of warm calls for ten results. Recall@10 is the share of the ten nearest personas, by
comparing all vectors, that the index finds.

Each checkout is measured in a process of its own, one after the other, in a new folder. Prints
one table and one JSON line; exits with 1 if recall is under 0.95.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from arguments import at_least, shown
from rich.console import Console
from rich.table import Table

from simnet.personas import Catalogue, Persona

HERE = Path(__file__).resolve().parents[1]
CALLS = 40
"""Searches and comparisons that a median is taken of."""
JUDGED = 40
"""Comparisons by which recall is measured."""
WANTED_RECALL = 0.95
JOBS = (
    *("nurse", "surgeon", "teacher", "pilot", "baker", "judge", "tailor", "welder", "actor"),
    *("farmer", "botanist", "plumber", "librarian", "sailor", "chemist", "editor", "cellist"),
    *("midwife", "carpenter", "economist", "dancer", "geologist", "translator", "bus driver"),
)
TRAITS = (
    *("patient", "curious", "stubborn", "retired", "young", "tireless", "shy", "ambitious"),
    *("newly trained", "self-taught", "outspoken", "careful", "generous", "sceptical"),
)
TOWNS = (
    *("Rome", "Oslo", "Lima", "Cairo", "Kyoto", "Quito", "Dakar", "Porto", "Riga", "Hanoi"),
    *("Perth", "Turin", "Accra", "Leeds", "Austin", "Bergen", "Malmö", "Galway"),
)
LIKES = (
    *("repairs old radios", "writes letters to the editor", "collects maps", "runs marathons"),
    *("studies medieval trade", "grows tomatoes on a roof", "plays chess by mail"),
    *("restores church organs", "teaches children to swim", "photographs birds"),
    *("follows local politics", "builds model railways", "cooks for a shelter"),
    *("reads about black holes", "keeps bees", "designs board games", "invests in start-ups"),
    *("volunteers at the hospital", "sings in a choir", "develops software tools"),
)
WISHES = (
    *("wants safer bicycle lanes", "worries about the price of bread", "hopes to move abroad"),
    *("distrusts banks", "plans a museum of tools", "would ban cars from the centre"),
    *("cares for an elderly parent", "is learning Portuguese", "argues about vaccines"),
    *("misses the sea", "saves for a house", "defends the new tram", "doubts the mayor"),
)
WORDS = ("nurse", "tools", "teaching", "bees", "radios Oslo", "retired pilot", "tram", "banks")
QUERIES = (
    *("a doctor in a hospital", "somebody who makes music", "an engineer of software"),
    *("a person who loves animals", "a worried parent", "a scientist who likes the stars"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=at_least(1_000), default=200_000)
    parser.add_argument("--against", type=Path, help="Folder of another checkout of simnet.")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(measure(asked.rows)))
        return 0
    checkouts = {"this checkout": HERE} | (
        {str(asked.against): asked.against.resolve()} if asked.against else {}
    )
    figures = {name: measured(folder, asked.rows) for name, folder in checkouts.items()}
    show(figures, asked.rows)
    print(json.dumps({"rows": asked.rows, "checkouts": figures}))
    recall = figures["this checkout"]["recall_at_10"]
    return 0 if recall is None or recall >= WANTED_RECALL else 1


def personas(count: int) -> Iterator[Persona]:
    """Make personas, the same ones each time."""
    pick = Random(7)  # noqa: S311 - draws of words
    for number in range(count):
        job, town = pick.choice(JOBS), pick.choice(TOWNS)
        first, second = pick.sample(LIKES, 2)
        description = (
            f"A {pick.choice(TRAITS)} {job} from {town} who {first}, {second} and "
            f"{pick.choice(WISHES)}."
        )
        attributes = {"age": 18 + number % 70, "town": town, "labels": [job, first.split()[0]]}
        yield Persona(id=f"p{number}", description=description, attributes=attributes)


def measured(folder: Path, rows: int) -> dict[str, Any]:
    """Measure a checkout in a process of its own."""
    done = subprocess.run(  # noqa: S603 - this file
        [sys.executable, __file__, "--measure", "--rows", str(rows)],
        env=os.environ | {"PYTHONPATH": str(folder), "LANCE_LOG": "error"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def measure(rows: int) -> dict[str, Any]:
    """Import, search and compare with the simnet that is imported."""
    making = seconds(lambda: sum(1 for _ in personas(rows)))
    with tempfile.TemporaryDirectory() as folder:
        catalogue = Catalogue.open(folder)
        has_table = hasattr(catalogue, "versions")
        started = time.process_time()
        if has_table:
            importing = seconds(lambda: catalogue.add(personas(rows)))
        else:  # the older one takes a list, and has no vectors yet
            importing = seconds(lambda: catalogue.add(list(personas(rows))))
        processor = time.process_time() - started
        first_search = seconds(lambda: catalogue.search("tools", limit=10))
        first_similar = seconds(lambda: catalogue.similar(QUERIES[0], limit=10))
        return {
            "making_s": making,
            "import_s": importing,
            "import_cpu_s": processor,
            "rows_per_s": rows / importing,
            "first_search_ms": first_search * 1e3,
            "first_similar_ms": first_similar * 1e3,
            "search_ms": median_ms(lambda one: catalogue.search(one, limit=10), WORDS),
            "similar_ms": median_ms(lambda one: catalogue.similar(one, limit=10), QUERIES),
            "memory_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
            "recall_at_10": recall(catalogue, rows) if has_table else None,
        }


def seconds(call: Callable[[], object]) -> float:
    """Measure the wall time of a call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def median_ms(call: Callable[[str], object], texts: tuple[str, ...]) -> float:
    """Return the median time of warm calls in milliseconds."""
    return 1e3 * median(
        seconds(lambda place=place: call(texts[place % len(texts)])) for place in range(CALLS)
    )


def recall(catalogue: Any, rows: int) -> float:
    """Return the share of the ten nearest that `similar` finds, for personas drawn evenly."""
    table = catalogue._store.table()  # noqa: SLF001 - to compare all vectors whatever the index
    found = 0
    for number in range(0, rows, rows // JUDGED):
        near = catalogue.similar(f"p{number}", limit=10)
        (own,) = table.search().where(f"id = 'p{number}'").select(["vector"]).to_list()
        search = table.search(own["vector"], vector_column_name="vector").bypass_vector_index()
        exact = search.limit(11).select(["id", "_distance"]).to_arrow()
        others = dict(zip(exact["id"].to_pylist(), exact["_distance"].to_pylist(), strict=True))
        others.pop(f"p{number}", None)
        furthest = sorted(others.values())[:10][-1]
        # One as near as the tenth counts, as equal texts have equal vectors.
        found += sum(2 * (1 - one.score) <= furthest + 1e-5 for one in near)
    return found / (10 * len(range(0, rows, rows // JUDGED)))


def show(figures: dict[str, dict[str, Any]], rows: int) -> None:
    """Print a table with a column for each checkout."""
    table = Table(title=f"A catalogue of {rows:,} personas", title_justify="left")
    table.add_column("")
    for name in figures:
        table.add_column(name, justify="right")
    lines = {
        "import, rows/s": ("rows_per_s", ",.0f"),
        "import, s": ("import_s", ",.1f"),
        "import, s of processor": ("import_cpu_s", ",.1f"),
        "  of it making personas, s": ("making_s", ",.1f"),
        "memory, GiB": ("memory_gib", ".2f"),
        "search, ms (median)": ("search_ms", ".1f"),
        "find similar, ms (median)": ("similar_ms", ".1f"),
        "first search, ms": ("first_search_ms", ",.0f"),
        "first find similar, ms": ("first_similar_ms", ",.0f"),
        "recall@10": ("recall_at_10", ".3f"),
    }
    for line, (key, form) in lines.items():
        cells = (one[key] for one in figures.values())
        table.add_row(line, *(shown(cell, form) for cell in cells))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
