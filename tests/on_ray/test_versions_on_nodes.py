"""The nodes of a real cluster say what is installed on them."""

import asyncio

import pytest

from simnet.runtime.node_versions import check_versions
from simnet.runtime.ray.session import ask_versions, nodes

pytestmark = pytest.mark.ray


@pytest.mark.usefixtures("cluster")
def test_a_node_answers_what_this_process_has_and_a_lost_one_is_told_of(monkeypatch):
    monkeypatch.setattr(ask_versions, "ANSWER_SECONDS", 120.0)

    async def ask():
        view = await nodes.view()
        (node,) = view.nodes
        lost = node._replace(id="0" * 56, host="lost")
        return await ask_versions.ask_versions([node, lost])

    here, lost = asyncio.run(ask())
    assert here.versions == ask_versions.installed_here()
    assert here.versions["ray"]
    assert "did not say" in lost.problem
    (warning,) = check_versions(ask_versions.installed_here(), [here, lost], force=False)
    assert warning.startswith("lost: ")
