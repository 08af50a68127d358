"""Adapters are checked before anything starts."""

import asyncio
import json
from importlib.util import find_spec

import pytest
from typer.testing import CliRunner

from simnet import Cohort, Scenario, sample
from simnet.cli.app import app
from simnet.cli.options import read_adapters
from simnet.errors import InputError, UsageError
from simnet.inference.backends.choice import choose
from simnet.inference.backends.fake_backend import FakeBackend
from simnet.inference.backends.openai_backend import OpenAIBackend
from simnet.inference.backends.vllm_backend import VllmBackend
from simnet.inference.endpoints.endpoint import Endpoint
from simnet.inference.settings import EngineSettings
from simnet.runs.launching.launcher import RunPlan, launch
from simnet.runtime.models import check_adapters


def scenario(adapter):
    return Scenario("study", [Cohort("trolls", sample(2), adapter=adapter)], lasts=7200.0)


def backend(**adapters):
    return VllmBackend(model="m", settings=EngineSettings(model="m", adapters=adapters))


def test_a_cohort_whose_adapter_is_served_is_fine():
    check_adapters(scenario("gloomy"), backend(gloomy="/a", cheerful="/b"))
    check_adapters(scenario(None), backend())
    check_adapters(scenario("any"), FakeBackend())


def test_a_cohort_whose_adapter_is_not_served_is_named_with_those_that_are(tmp_path):
    told = r"'trolls' names the adapter 'grim'.*served: cheerful, gloomy; add --adapter grim=FOLDER"
    with pytest.raises(UsageError, match=told):
        check_adapters(scenario("grim"), backend(gloomy="/a", cheerful="/b"))
    with pytest.raises(UsageError, match="served: none"):
        asyncio.run(launch(RunPlan(scenario("grim"), backend(), tmp_path)))
    assert not list(tmp_path.iterdir())


def test_an_endpoint_serves_what_it_lists():
    endpoint = Endpoint(base_url="http://x/v1", served=("m", "gloomy"))
    served = OpenAIBackend(model="m", endpoint=endpoint)
    check_adapters(scenario("gloomy"), served)
    with pytest.raises(UsageError, match=r"served: gloomy$"):
        check_adapters(scenario("m"), served)


def test_options_are_read():
    assert read_adapters(["a=/x", "b=/y=z"]) == {"a": "/x", "b": "/y=z"}
    for bad in ("a", "=x", "a="):
        with pytest.raises(UsageError, match="NAME=FOLDER"):
            read_adapters([bad])
    with pytest.raises(UsageError, match="another adapter 'a'"):
        read_adapters(["a=/x", "a=/y"])


def test_a_folder_that_is_no_adapter_is_named(tmp_path):
    with pytest.raises(InputError, match=r"adapter 'a': .* no adapter_config.json"):
        EngineSettings(model="m", adapters={"a": str(tmp_path)}).check()
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 4}))
    EngineSettings(model="m", adapters={"a": str(tmp_path)}).check()


def test_folders_and_addresses_go_with_their_backends():
    adapters = EngineSettings(model="m", adapters={"a": "/x"})
    with pytest.raises(UsageError, match="does not load"):
        choose("fake", settings=adapters)
    with pytest.raises(UsageError, match="go together"):
        choose("openai", "m")
    with pytest.raises(UsageError, match="go together"):
        choose("fake", endpoint=Endpoint(base_url="http://x/v1"))
    with pytest.raises(UsageError, match="name one with --model"):
        choose("openai", endpoint=Endpoint(base_url="http://x/v1"))
    chosen = choose("openai", "m", endpoint=Endpoint(base_url="http://x/v1"))
    assert (chosen.name, chosen.encoder()) == ("openai", None)


@pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed")
def test_the_command_line_finds_an_adapter_that_is_not_served_before_anything_starts(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.py").write_text(
        "from simnet import Cohort, Scenario, sample\n"
        "def study() -> Scenario:\n"
        "    return Scenario('study', [Cohort('trolls', sample(2), adapter='grim')])\n"
    )
    (tmp_path / "gloomy").mkdir()
    (tmp_path / "gloomy" / "adapter_config.json").write_text('{"r": 4}')
    run = ["run", "study.py", "--model", "embedded"]
    refused = CliRunner().invoke(app, [*run, "--adapter", "gloomy=gloomy"])
    assert refused.exit_code == 2
    assert "'trolls' names the adapter 'grim'" in refused.stderr
    assert "served: gloomy" in refused.stderr
    no_adapter = CliRunner().invoke(app, [*run, "--adapter", "grim=."])
    assert no_adapter.exit_code == 3
    assert "no adapter_config.json" in no_adapter.stderr
    nowhere = CliRunner().invoke(app, [*run, "--backend", "openai"])
    assert nowhere.exit_code == 2
    assert "--base-url" in nowhere.stderr
    assert not (tmp_path / "runs").exists()
