"""The nodes of a real cluster say what is installed on them."""

import asyncio
from importlib import metadata
from pathlib import Path

import pytest

from simnet.errors import RunError
from simnet.runtime.nodes.needed_code import NeededCode
from simnet.runtime.nodes.node_versions import check_versions
from simnet.runtime.ray.session import ask_versions, nodes

pytestmark = pytest.mark.ray


@pytest.mark.usefixtures("cluster")
def test_a_node_answers_what_this_process_has_and_a_lost_one_is_told_of(monkeypatch):
    monkeypatch.setattr(ask_versions, "ANSWER_SECONDS", 120.0)

    async def ask():
        view = await nodes.view()
        (node,) = view.nodes
        lost = node._replace(id="0" * 56, host="lost")
        return await ask_versions.ask_versions([node, lost], needed)

    needed = NeededCode({"psutil": metadata.version("psutil")}, {"simnet": Path("/simnet")})
    here, lost = asyncio.run(ask())
    installed = ask_versions.installed_here(needed)
    assert here.versions == {**installed, "module simnet": ""}
    assert here.versions["ray"]
    assert here.versions["psutil"]
    assert "did not say" in lost.problem
    (warning,) = check_versions(installed, [here, lost], needed, force=False)
    assert warning.startswith("lost: ")


@pytest.mark.usefixtures("cluster")
def test_what_a_node_has_not_that_the_scenario_imports_starts_nothing(monkeypatch):
    async def ask():
        return await ask_versions.ask_versions((await nodes.view()).nodes, needed)

    monkeypatch.setattr(ask_versions, "ANSWER_SECONDS", 120.0)
    needed = NeededCode({"acme-tools": "1.0"}, {"acme_habits": Path("/home/acme_habits.py")})
    answers = asyncio.run(ask())
    with pytest.raises(RunError) as raised:
        check_versions(ask_versions.installed_here(needed), answers, needed, force=False)
    assert f"{answers[0].host} has no acme-tools, which code of the scenario" in str(raised.value)
    assert "has no module acme_habits, which code of the scenario" in str(raised.value)
