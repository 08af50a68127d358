"""Handles: what may be one, equal spellings, names that look alike."""

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from simnet import HOUR, Cohort, Cue, FakeModel, Never, Persona, Scenario, Write, run, sample
from simnet.cli.app import app
from simnet.errors import PersonaError
from simnet.personas.names import lookalikes, sanitised
from simnet.scenario.forecast.doubts import doubts


def test_equal_spellings_are_one_handle():
    assert Persona(id="e\u0301lan").id == Persona(id="\u00e9lan").id == "\u00e9lan"
    cohort = Cohort("c", [Persona(id="e\u0301lan")], rhythm=Never())
    scenario = Scenario("s", [cohort], [Cue(0, "e\u0301lan", Write("Hi"))], lasts=HOUR)
    assert scenario.cues[0].who == "\u00e9lan"


@given(st.text(max_size=80))
@example("0\U000e0100")  # a letter and a selector of its variant, which cannot be seen
def test_every_name_can_be_made_a_handle_in_composed_form(name):
    handle = sanitised(name)
    assert Persona(id=handle).id == handle == unicodedata.normalize("NFC", handle)
    assert sanitised(handle) == handle


@pytest.mark.parametrize(
    "pair",
    [
        ("Ann", "ann"),
        ("anna", "\u0430nna"),
        ("kosta", "\u03ba\u03bfsta"),
        ("bob0", "bobo"),
        ("pau1", "paul"),
        ("PaulI", "Paull"),
        ("ann", "\uff41nn"),
        ("stra\u00dfe", "STRASSE"),
    ],
)
def test_homographs_and_case_twins_are_found(pair):
    assert lookalikes(["other", *pair, "others"]) == [list(pair)]


def test_names_that_differ_visibly_are_not_found():
    assert lookalikes(["ann", "anna", "\u0437\u043e\u044f", "\u7d50\u8863", "ann_1", "ann-1"]) == []
    assert lookalikes([persona.id for persona in sample(2_000)]) == []


TWINS = """
from simnet import HOUR, Cohort, Never, Persona, Scenario

twins = Scenario(
    "twins",
    [Cohort("a", [Persona(id="Ann")], rhythm=Never()), Cohort("b", [Persona(id="ann")])],
    lasts=HOUR,
)
"""


def test_validate_and_run_warn_of_names_that_look_alike(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "twins.py").write_text(TWINS, encoding="utf-8")
    warning = "@Ann, @ann look alike"
    checked = CliRunner().invoke(app, ["validate", "twins.py"])
    assert checked.exit_code == 0
    assert warning in checked.stderr
    plan = json.loads(CliRunner().invoke(app, ["validate", "twins.py", "--json"]).stdout)
    assert f"{warning}; rename all but one" in plan["warnings"]


@pytest.mark.filterwarnings("ignore:.*about 0 turns:simnet.errors.ScenarioWarning")
def test_a_run_from_python_warns_of_names_that_look_alike(tmp_path):
    cohort = Cohort("c", [Persona(id="Ann"), Persona(id="ann")], rhythm=Never())
    scenario = Scenario("twins", [cohort], lasts=HOUR)
    with pytest.warns(UserWarning, match="twins: @Ann, @ann look alike"):
        run(scenario, model=FakeModel(), out=tmp_path, ray=False)
    apart = doubts(Scenario("one", [Cohort("c", sample(3), rhythm=Never())], lasts=HOUR))
    assert not any("alike" in doubt for doubt in apart)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"id": "Ann Lee"}, "'Ann Lee': a handle has letters, digits, _ . -; write Ann_Lee"),
        ({"id": 12}, 'is 12, which is no text; write id="12"'),
        ({"id": "n" * 65}, "has 65 characters; a handle has at most 64"),
        ({}, "id is missing"),
        ({"id": "ann", "age": 3}, "no field 'age'; write it into attributes"),
        ({"id": "ann", "descripton": "x"}, "did you mean 'description'"),
        ({"id": "ann", "attributes": {"job": {"title": "x"}}}, "'job' is of type dict.*job_title"),
        ({"id": "ann", "attributes": {"job": (1, 2)}}, "'job' is of type tuple"),
        ({"id": "ann", "attributes": 3}, "field `attributes`"),
        ({"id": "ann", "description": "x" * 20_001}, "`description` has 20,001 .* 20,000 at most"),
    ],
)
def test_what_is_wrong_with_a_persona_is_one_line_that_says_what_to_write(fields, says):
    with pytest.raises(PersonaError, match=says) as caught:
        Persona(**fields)
    assert "\n" not in str(caught.value)
