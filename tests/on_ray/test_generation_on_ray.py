"""A job of generation over several replicas on Ray makes what one model makes."""

import asyncio
import os
import signal
from contextlib import suppress

import pytest

from simnet import FakeModel, sample
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.fakes.fake import plausible
from simnet.synthesis.asking.job import JobOptions
from simnet.synthesis.people.expansion import Expansion
from simnet.synthesis.people.persona_job import PersonaJob, expand

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("cluster", "patient_starts")]


def seen(folder, death=None):
    """Reply as the fake does, name the process in a folder, and end one process if asked to."""

    # Nested, because functions of this module cannot be imported elsewhere.
    def reply(prompt):
        (folder / f"{os.getpid()}").touch()
        if death is not None and prompt.seed % 3 == 0:
            with suppress(FileExistsError):
                death.touch(exist_ok=False)
                os.kill(os.getpid(), signal.SIGKILL)
        return plausible(prompt)

    return reply


def made(model, work):
    found = []
    job = PersonaJob(given=list(sample(20)), plan=Expansion(relations=("rival", "friend"), per=3))
    options = JobOptions(work=work, in_flight=16)
    counts = asyncio.run(
        expand(job, model, options, lambda result, _: found.extend(result.personas()))
    )
    return found, counts


def test_two_replicas_make_what_one_model_makes_although_one_dies(tmp_path):
    alone, _ = made(FakeModel(name="fake"), tmp_path / "alone")
    for name, death in (("whole", None), ("dying", tmp_path / "death")):
        folder = tmp_path / name
        folder.mkdir()
        backend = FakeBackend(model="fake", replicas=2, reply=seen(folder, death))
        together, counts = made(backend, tmp_path / f"{name}.work")
        assert together == alone
        assert counts.asked > 100
        assert len(list(folder.iterdir())) >= 2
    assert (tmp_path / "death").exists()
    again, counts = made(FakeModel(name="fake"), tmp_path / "dying.work")
    assert again == alone
    assert counts.asked == 0, "the replies of the replicas are kept and used"
