"""A small run of every kind of row, for tests of exports."""

from made_rows import call, event

from simnet.recording.files.manifest import ModelFacts, RecordedScenario
from simnet.recording.reading.run import Run
from simnet.recording.row_types import Edge, PersonaRow
from simnet.recording.schema import encode
from simnet.recording.writing.recorder import Recorder
from simnet.recording.writing.run_directory import RunDirectory
from simnet.world.events import Exposure

NASTY = '=1+1\t"quoted", a\\b\x0b\u2028<b>&amp;</b>\r\nnew line \U0001f600 \u202eevil'
"""A text with characters that files of some kind give a meaning."""
PEOPLE = [
    PersonaRow("eve", "authors", "Asks.", '{"age": 50}', "Eve asks.", None, 0),
    PersonaRow("ana", "troll", "Bakes.", '{"age": 40}', "Ana bakes.", "hub", 1, "CC-BY-NC-SA-4.0"),
    PersonaRow("bob", "troll", "Sails.", "{}", "Bob sails.", "hub", 2, "CC-BY-NC-SA-4.0"),
    PersonaRow("cy", "troll", "Sings.", "{}", "Cy sings.", "fine", 3, "MIT"),
    PersonaRow("dan/../x", "fan", "Digs.", "{}", "Dan digs.", "odd", 4),
]
COHORTS = {row.id: row.cohort for row in PEOPLE}


def act(turn, who, verb, time=None, **fields):
    """Make an event that makes no post."""
    row = event(turn, who, time, cohort=COHORTS[who], verb=verb, made=None, root=None, text=None)
    return row._replace(**{"shown": (), **fields})


def post(turn, who, text, number, time=None, **fields):
    """Make an event that makes a post; `post` and `root` make it an answer."""
    fields = {"verb": "write", "root": number, "shown": (), **fields}
    return event(turn, who, time, cohort=COHORTS[who], made=number, text=text)._replace(**fields)


def answer(turn, who, text, number, to, root=None, **fields):
    """Make a reply."""
    root = to if root is None else root
    return post(turn, who, text, number, verb="reply", post=to, root=root, **fields)


EVENTS = [
    post(0, "eve", "Is soup a drink? Ask @ana.", 0),
    answer(1, "ana", "Soup is a lifestyle!", 1, 0),
    answer(2, "bob", "Soup is wet bread.", 2, 0),
    answer(3, "cy", NASTY, 3, 0),
    answer(4, "dan/../x", "I love soup.", 4, 0),
    answer(5, "eve", "Thanks, all of you.", 5, 1, root=0),
    answer(6, "ana", "You are welcome.", 6, 5, root=0),
    act(7, "bob", "like", post=1, root=0, whom="ana"),
    act(8, "cy", "like", post=1, root=0, whom="ana"),
    act(9, "dan/../x", "repost", post=1, root=0, whom="ana"),
    act(10, "bob", "like", post=3, root=0, whom="cy"),
    act(11, "bob", "unlike", post=3, root=0, whom="cy"),
    act(12, "ana", "like", post=1, root=0, whom="ana"),
    act(13, "ana", "dislike", post=2, root=0, whom="bob"),
    post(14, "cy", "Look at this.", 7, verb="quote", post=0, whom="eve"),
    act(15, "eve", "follow", whom="ana"),
    act(16, "ana", "unfollow", whom="eve"),
    act(17, "bob", "mute", whom="eve"),
    act(18, "cy", "create", group_name="soup/lovers"),
    act(19, "bob", "join", group_name="soup/lovers"),
    act(20, "bob", "send", group_name="soup/lovers", text="Hello."),
    act(21, "cy", "report", post=2, root=0, whom="bob", text="It is wrong."),
    act(22, "dan/../x", "search", text="soup"),
    act(23, "dan/../x", "react", post=0, root=0, whom="eve", text="love"),
    act(24, "dan/../x", "pass"),
    act(25, "cy", "reply", post=0, outcome="refused", reason="gone"),
    act(26, "eve", "like", post=0, root=0, whom="eve"),
]
AUTHORS = {row.made: row.who for row in EVENTS if row.made is not None}
EVENTS = [
    row._replace(whom=AUTHORS[row.post]) if row.made and row.post is not None else row
    for row in EVENTS
]
EDGES = [
    Edge(0, 0.0, "ana", "eve", "initial"),
    Edge(1, 0.0, "bob", "eve", "initial"),
    Edge(2, 0.0, "bob", "ana", "initial"),
    Edge(3, 15.0, "eve", "ana", "follow"),
    Edge(4, 16.0, "ana", "eve", "unfollow"),
]


def exposures():
    """Show each reply to four others, the first of them to its author too."""
    shown = []
    for turn, who in enumerate(["eve", "ana", "bob", "cy", "dan/../x"], start=100):
        for rank, number in enumerate((0, 1, 2, 3, 4)):
            shown.append(Exposure(float(turn), who, turn, number, rank, 1.0, "newest"))
    return shown


def served(row):
    """Make the call that gave a reply whose text is the whole completion."""
    fields = {"system": f"You are {row.who}.", "user": "Soup?", "completion": row.text}
    return call(row.turn, row.who)._replace(**fields)


def made_run(tmp_path, events=EVENTS, edges=EDGES, people=PEOPLE, shown=None, name="soup"):
    """Record a run and open it."""
    facts = {"scenario": RecordedScenario(name=name), "model": ModelFacts(name="smol")}
    directory = RunDirectory.create(tmp_path / "runs", "soup", seed=3, **facts)
    replies = [row for row in events if row.verb == "reply" and row.made is not None]
    tables = {
        "events": events,
        "calls": [served(row) for row in replies],
        "personas": people,
        "network": edges,
        "exposures": exposures() if shown is None else shown,
    }
    with Recorder(directory.path) as recorder:
        for table, rows in tables.items():
            recorder.append(table, encode(table, rows))
        recorder.seal()
    return Run.open(directory.path)
