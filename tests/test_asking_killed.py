"""Annotations, surveys and interviews whose process is killed, or whose disk is full, go on."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from faulty_disks import FaultyDisk
from test_survey_schedules import town

from simnet import HOUR, FakeModel, Run, run
from simnet.annotation import Annotation, Annotator, annotate
from simnet.annotation.annotation_rows import read_annotations
from simnet.errors import DiskError
from simnet.inference.fakes.fake import plausible
from simnet.questions import FreeText, Likert, YesNo, answer_files
from simnet.runs.repeats.reload_scenario import ScenarioTimeline
from simnet.surveys import Survey, survey
from simnet.surveys.answers import read_answers
from simnet.surveys.interview import interview, interview_name, respondent_at
from simnet.synthesis.asking.job import Silent

IN_FLIGHT = 4
TASK = Annotation(
    "civil",
    [YesNo("toxic", "Is it toxic?"), Likert("civil", "It is civil.")],
    [Annotator("ann"), Annotator("ben")],
)
ASKED = Survey("after", [YesNo("cycles", "Do you cycle?"), FreeText("why", "Why?")])
LINES = ["Who are you?", "Why?", "What do you like?", "And then?"]


def annotated(record, model):
    return annotate(record, TASK, model=model, in_flight=IN_FLIGHT).rows


def surveyed(record, model):
    options = {"model": model, "in_flight": IN_FLIGHT}
    return survey(record, ASKED, at=[HOUR, 5 * HOUR], scenario=town(), **options).answers


def talked(record, model):
    one = respondent_at(record, ScenarioTimeline(town()), "zoe", 3 * HOUR)

    async def lines():
        for line in LINES:
            yield line

    talk = interview(record, one, model, lines(), lambda _: None, reporter=Silent())
    asyncio.run(talk)
    return read_answers(record, interview_name(one))


JOBS = {"annotation": annotated, "survey": surveyed, "interview": talked}
CHILD = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from simnet import FakeModel, Run
from simnet.inference.fakes.fake import plausible
from test_asking_killed import JOBS

left = int(sys.argv[2])

def reply(prompt):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return plausible(prompt)

JOBS[sys.argv[1]](Run.open(sys.argv[3]), FakeModel(reply, delay=lambda _: 0.001))
"""


def made(folder):
    return run(town(), model=FakeModel(), out=folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("job", "replies"),
    [("annotation", 1), ("annotation", 37), ("survey", 9), ("interview", 2)],
)
def test_what_is_killed_anywhere_goes_on_asks_nothing_twice_and_ends_the_same(
    tmp_path, job, replies
):
    whole, broken = made(tmp_path / "whole"), made(tmp_path / "broken")
    expected = JOBS[job](whole, FakeModel())
    code = CHILD.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", code, job, str(replies), str(broken.path)]
    died = subprocess.run(command, check=False, capture_output=True, env=os.environ)
    assert died.returncode == -signal.SIGKILL, died.stderr
    logs = list(broken.path.rglob("replies-*.arrows"))
    again = []
    model = FakeModel(lambda prompt: again.append(prompt.digest()) or plausible(prompt))
    assert JOBS[job](Run.open(broken.path), model) == expected
    kept = _rows(logs)
    assert len(again) == len(set(again)) == len(expected) - kept
    assert kept >= replies - (IN_FLIGHT - 1)


def _rows(logs):
    import pyarrow as pa

    count = 0
    for path in logs:
        with pa.OSFile(str(path)) as file:
            schema = pa.ipc.read_schema(file)
            while file.tell() < path.stat().st_size:
                try:
                    count += pa.ipc.read_record_batch(pa.ipc.read_message(file), schema).num_rows
                except (pa.ArrowException, EOFError, OSError):
                    break
    return count


def test_a_full_disk_leaves_the_earlier_table_and_the_next_start_asks_nothing(
    tmp_path, monkeypatch
):
    record = made(tmp_path)
    first = annotate(record, TASK, model=FakeModel(), limit=2)
    before = list(first.rows)
    for nth in range(1, 20):
        with monkeypatch.context() as patch:
            patch.setattr(answer_files, "Disk", lambda nth=nth: FaultyDisk(nth, errno.ENOSPC))
            try:
                annotate(record, TASK, model=FakeModel())
            except DiskError:
                left = read_annotations(first.path.parent)  # the old table or the new, whole
                assert left == before or len(left) > len(before)
            else:
                break
    else:
        pytest.fail("the table is never written")
    assert nth > 2
    again = annotate(record, TASK, model=FakeModel())
    assert again.counts["default"].asked == 0
    assert read_annotations(first.path.parent) == list(again.rows)
