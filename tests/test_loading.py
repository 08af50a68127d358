"""Finding a scenario by name, setting its parameters, and saying what is wrong with either."""

import os
import pickle
import subprocess
import sys
import textwrap
from enum import Enum
from pathlib import Path
from typing import Literal

import pytest

from simnet.errors import InputError, PersonaError, ScenarioError, SimnetError, UsageError
from simnet.scenario.files.loading import Loaded, load_scenario
from simnet.scenario.files.parameters import Parameter, read_settings

STUDY = """
from typing import Literal
from simnet import Cohort, Cue, Never, Persona, Scenario, Write

def made(name="study", seed=0, text="hello", lasts=60.0):
    ann = Persona(id="ann", description="Ann.")
    return Scenario(name, [Cohort("all", [ann], rhythm=Never())],
                    cues=[Cue(0, "ann", Write(text))], seed=seed, lasts=lasts)
"""


@pytest.fixture
def write(tmp_path):
    """Write a scenario file that begins with STUDY and return its path."""

    def write(code: str, name: str = "study.py") -> str:
        path = tmp_path / name
        path.write_text(STUDY + textwrap.dedent(code), encoding="utf-8")
        return str(path)

    return write


def test_the_namesake_of_the_file_is_the_default(write):
    target = write("study = made()\nother = made('other')")
    assert load_scenario(target).scenario.name == "study"


def test_the_only_scenario_is_the_default(write):
    assert load_scenario(write("only = made('only')")).attribute == "only"


def test_a_function_annotated_to_return_a_scenario_is_called(write):
    loaded = load_scenario(write("def fn(seed: int = 4) -> Scenario:\n    return made(seed=seed)"))
    assert loaded.scenario.seed == 4
    assert loaded.parameters == {"seed": 4}


def test_an_attribute_is_named_after_a_colon(write):
    target = write("one = made('one')\ntwo = made('two')")
    assert load_scenario(f"{target}:two").scenario.name == "two"


def test_several_scenarios_without_a_namesake_are_listed(write):
    target = write("one = made('one')\ndef two() -> Scenario:\n    return made()")
    with pytest.raises(UsageError, match=r"(?s)several scenarios.*:one.*:two"):
        load_scenario(target)


def test_a_file_without_a_scenario_says_so(write):
    with pytest.raises(UsageError, match="holds no scenario"):
        load_scenario(write("x = 1"))


def test_a_function_that_does_not_say_what_it_returns_is_named(write):
    with pytest.raises(UsageError, match=r"\(def town\(\.\.\.\) -> Scenario\)"):
        load_scenario(write("def town(size=3):\n    return made()"))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("from simnet import Cohrt", r"'Cohrt'; did you mean: from simnet import Cohort\?$"),
        ("from simnet import SetManner", "write: from simnet.interventions import SetManner$"),
        ("from simnet.verbs import discussions", "write: from simnet import discussions$"),
        (
            "from simnet.rules import Discusion",
            r"; did you mean: from simnet.discussions import Discussion\?$",
        ),
        (
            "import simnet\nsimnet.Bann('ann')",
            r"'Bann'; .* simnet.interventions import Ban\?$",
        ),
        ("from json import lods", "ImportError: cannot import name 'lods' from 'json'"),
    ],
)
def test_a_name_that_simnet_lacks_is_told_with_its_place(write, code, message):
    with pytest.raises(ScenarioError, match=r"study\.py:\d+: .*" + message):
        load_scenario(write(code))


def test_a_file_that_hides_a_module_of_python_is_named(write, tmp_path, monkeypatch):
    (tmp_path / "colorsys.py").write_text("x = 1", encoding="utf-8")
    target = write("from colorsys import rgb_to_hsv")
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with pytest.raises(ScenarioError, match=r"; colorsys\.py hides Python's own colorsys, so re"):
        load_scenario(target)
    monkeypatch.delitem(sys.modules, "colorsys")


@pytest.mark.filterwarnings("error")
def test_a_scenario_that_is_made_by_a_coroutine_is_told_with_its_line(write):
    with pytest.raises(ScenarioError, match=r"study\.py:\d+: study\(\) is an `async def`; "):
        load_scenario(write("async def study() -> Scenario:\n    return made()"))


def test_an_unknown_attribute_gets_the_nearest_name(write):
    with pytest.raises(UsageError, match=r"has no 'studdy'; did you mean 'study'\?"):
        load_scenario(write("study = made()") + ":studdy")


def test_an_attribute_of_another_kind_is_refused(write):
    with pytest.raises(UsageError, match="is of type int, neither a Scenario nor a function"):
        load_scenario(write("study = made()\nx = 1") + ":x")


def test_a_function_that_returns_something_else_is_refused(write):
    for body, got in (("return 3", "int"), ("made()", "None")):
        with pytest.raises(
            ScenarioError, match=rf"study\.py:\d+: study\(\) returned {got}, not a "
        ):
            load_scenario(write(f"def study() -> Scenario:\n    {body}"))


def test_an_arm_is_chosen_by_its_label(write):
    target = write("arms = {'calm': made('calm'), 'loud': made('loud')}")
    loaded = load_scenario(f"{target}:arms.loud")
    assert (loaded.scenario.name, loaded.attribute) == ("loud", "arms.loud")


@pytest.mark.parametrize("attribute", ["", ":arms", ":arms.silent"])
def test_arms_without_a_known_label_are_listed(write, attribute):
    target = write("arms = {'calm': made('calm'), 'loud': made('loud')}")
    with pytest.raises(UsageError, match=r"(?s):arms\.calm.*:arms\.loud"):
        load_scenario(target + attribute)


def test_a_missing_file_gets_the_nearest_name(write):
    target = write("study = made()")
    with pytest.raises(UsageError, match=r"no scenario file .*; did you mean .*study\.py"):
        load_scenario(target.replace("study.py", "stdy.py"))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("no/such/file.py", "there is no scenario file"),
        ("no_such_module", "there is no file and no module"),
        ("no-such-module", "neither a Python file nor the name of a module"),
        (".", "is a folder"),
        ("pyproject.toml", "is not a Python file"),
    ],
)
def test_what_is_no_scenario_file_is_refused(target, message, monkeypatch):
    monkeypatch.chdir(Path(__file__).parent.parent)
    with pytest.raises(UsageError, match=message):
        load_scenario(target)


def test_a_module_is_found_by_its_name_in_the_working_directory(write, monkeypatch, tmp_path):
    write("study = made()", "study_by_name.py")
    monkeypatch.chdir(tmp_path)
    loaded = load_scenario("study_by_name:study")
    assert loaded.scenario.name == "study"
    assert [module.__name__ for module in loaded.modules] == ["study_by_name"]


def test_a_syntax_error_is_told_with_file_and_line(write):
    with pytest.raises(ScenarioError, match=r"study\.py:9: this is not Python"):
        load_scenario(write("def study(:\n    pass"))


def test_an_exception_is_told_with_file_and_line(write):
    with pytest.raises(ScenarioError, match=r"study\.py:9: ZeroDivisionError: division by zero"):
        load_scenario(write("x = 1 / 0"))


def test_an_exception_inside_the_function_is_told_with_its_line(write):
    code = "def study() -> Scenario:\n    people = {}\n    return people['ann']"
    with pytest.raises(ScenarioError, match=r"study\.py:11: KeyError: 'ann'"):
        load_scenario(write(code))


def test_a_scenario_that_ends_the_process_is_told(write):
    with pytest.raises(ScenarioError, match=r"study\.py:9: the scenario called sys.exit\(3\)"):
        load_scenario(write("raise SystemExit(3)"))


def test_an_input_error_keeps_its_class_and_gets_the_place(write):
    with pytest.raises(ScenarioError, match=r"study\.py:7: study: cue 0 .* has an empty text"):
        load_scenario(write("study = made(text=' ')"))


def test_a_broken_persona_file_is_told_with_both_places(write, tmp_path):
    people = tmp_path / "people.jsonl"
    people.write_text('{"persona": "A nurse."}\n{"persona": "A\n', encoding="utf-8")
    code = (
        "from simnet.personas import load_personas\n"
        f"people = load_personas({str(people)!r})\nstudy = made()"
    )
    with pytest.raises(PersonaError, match=r"(?s)study\.py:10: .*people\.jsonl.*2"):
        load_scenario(write(code))


def test_duplicate_persona_ids_are_told(write):
    code = """
    from simnet import sample
    twice = [Cohort("one", sample(2)), Cohort("two", sample(2))]
    study = Scenario("twice", twice)
    """
    with pytest.raises(ScenarioError, match=r"study\.py:12: .*persona ids are used twice"):
        load_scenario(write(code))


# -- parameters ---------------------------------------------------------------------------

PARAMETERS = """
def study(people: int = 9, mood: Literal["calm", "loud"] = "calm", share: float = 0.5,
          quiet: bool = False, label: str | None = None) -> Scenario:
    return made(name=f"{people}-{mood}-{share}-{quiet}-{label}")
"""


@pytest.mark.parametrize(
    ("sets", "name"),
    [
        ([], "9-calm-0.5-False-None"),
        (["people=3", "mood=loud"], "3-loud-0.5-False-None"),
        (["share=2h", "quiet=yes"], "9-calm-7200.0-True-None"),
        (["label=a=b"], "9-calm-0.5-False-a=b"),
        (["label=none"], "9-calm-0.5-False-None"),
    ],
)
def test_parameters_are_set_by_their_type(write, sets, name):
    assert load_scenario(write(PARAMETERS), sets).scenario.name == name


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("poeple=3", r"(?s)did you mean 'people'\?.*people: int = 9.*mood: 'calm' \| 'loud'"),
        ("people=many", "'many' is not a whole number; study\\(\\) has people: int = 9"),
        ("people=2.5", "'2.5' is not a whole number"),
        ("mood=sad", "'sad' is not one of 'calm', 'loud'"),
        ("quiet=perhaps", "'perhaps' is not true or false"),
        ("share=half", "'half' is not a number"),
        ("people", "write --set name=value"),
        ("=3", "write --set name=value"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused(write, setting, message):
    with pytest.raises(UsageError, match=message):
        load_scenario(write(PARAMETERS), [setting])


def test_a_setting_given_twice_is_refused(write):
    with pytest.raises(UsageError, match="people is given twice: '1' and '2'"):
        load_scenario(write(PARAMETERS), ["people=1", "people=2"])


def test_a_parameter_without_a_default_has_to_be_given(write):
    target = write("def study(people: int) -> Scenario:\n    return made(name=str(people))")
    assert load_scenario(target, ["people=4"]).scenario.name == "4"
    with pytest.raises(UsageError, match=r"needs people: int; give each with --set"):
        load_scenario(target)


def test_a_parameter_that_no_text_can_be_is_refused(write):
    target = write("class Odd: ...\ndef study(odd: Odd = Odd()) -> Scenario:\n    return made()")
    with pytest.raises(UsageError, match="cannot be written on a command line"):
        load_scenario(target, ["odd=1"])


def test_a_plain_scenario_has_a_few_fields_to_set(write):
    target = write("study = made()")
    loaded = load_scenario(target, ["lasts=1d12h", "name=long", "seed=5"])
    scenario = loaded.scenario
    assert (scenario.lasts, scenario.name, scenario.seed) == (129_600, "long", 5)
    with pytest.raises(UsageError, match="did you mean 'lasts'"):
        load_scenario(target, ["last=1d"])
    with pytest.raises(UsageError, match="write 90s, 30m, 6h"):
        load_scenario(target, ["lasts=long"])


class Shade(Enum):
    DARK = 1
    LIGHT = 2


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Shade, "2", Shade.LIGHT),
        (Literal[1, 2] | None, "2", 2),
        (list[int], "1, 2", [1, 2]),
        (tuple[str, ...], '["a", "b"]', ("a", "b")),
        (int | None, "7", 7),
        (int | None, "none", None),
        (Path, "a/b", Path("a/b")),
    ],
)
def test_a_text_becomes_a_value_of_any_simple_type(kind, text, value):
    assert read_settings({"it": text}, [Parameter("it", kind)], "study()") == {"it": value}


def test_the_seed_option_replaces_the_scenarios_seed(write):
    value = load_scenario(write("study = made(seed=1)"), seed=9)
    assert value.scenario.seed == 9
    code = "def study(seed: int = 1) -> Scenario:\n    return made(f'named-{seed}', seed)"
    function = load_scenario(write(code), seed=9)
    assert (function.scenario.name, function.scenario.seed) == ("named-9", 9)


# -- modules ------------------------------------------------------------------------------


def test_the_path_is_as_before_and_siblings_can_be_imported_meanwhile(write, tmp_path):
    (tmp_path / "beside_it.py").write_text("TITLE = 'beside'\n", encoding="utf-8")
    before = list(sys.path)
    code = "from beside_it import TITLE\nstudy = made(TITLE)"
    loaded = load_scenario(write(code))
    assert sys.path == before
    assert loaded.scenario.name == "beside"
    assert [module.__name__ for module in loaded.modules][1:] == ["beside_it"]
    again = load_scenario(write(code))
    assert [module.__name__ for module in again.modules][1:] == ["beside_it"]


def test_two_files_of_one_name_are_two_modules(write, tmp_path):
    (tmp_path / "sub").mkdir()
    one, two = write("study = made('one')"), write("study = made('two')", "sub/study.py")
    assert load_scenario(one).modules != load_scenario(two).modules
    assert load_scenario(one).scenario.name == "one"


def test_an_edit_within_the_same_second_counts_and_nothing_is_written_beside(write, tmp_path):
    def lasts(seconds):
        path = write(f"study = made(lasts={seconds})")
        os.utime(path, (1e9, 1e9))
        return load_scenario(path).scenario.lasts

    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    try:
        assert [lasts(60.0), lasts(90.0)] == [60.0, 90.0]
    finally:
        sys.dont_write_bytecode = kept
    assert not list(tmp_path.rglob("__pycache__"))


def test_a_scenario_travels_by_value_to_a_process_without_its_file(write, tmp_path):
    cloudpickle = pytest.importorskip("ray.cloudpickle")
    code = """
    from beside_me import chance
    async def shy(me, view, ask):
        return [] if chance() else await ask.for_action()
    study = Scenario("shy", [Cohort("a", [Persona(id="bo")], behaviour=shy, rhythm=Never())])
    """
    (tmp_path / "beside_me.py").write_text("def chance():\n    return True\n", encoding="utf-8")
    loaded = load_scenario(write(code))
    pickled = _pickled_by_value(cloudpickle, loaded)
    (tmp_path / "scenario.pickle").write_bytes(pickled)
    reading = (
        "import pickle, sys; s = pickle.load(open(sys.argv[1], 'rb')); "
        "print(s.cohorts[0].behaviour.__globals__['chance']())"
    )
    root = Path(__file__).parent.parent
    told = subprocess.run(
        [sys.executable, "-c", reading, str(tmp_path / "scenario.pickle")],
        capture_output=True, text=True, check=True, cwd=root,
    )  # fmt: skip
    assert told.stdout == "True\n"


def _pickled_by_value(cloudpickle, loaded: Loaded) -> bytes:
    for module in loaded.modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        return cloudpickle.dumps(loaded.scenario)
    finally:
        for module in loaded.modules:
            cloudpickle.unregister_pickle_by_value(module)


def test_a_scenario_from_an_installed_module_is_not_sent(write):
    loaded = load_scenario(write("from simnet.scenario import scenario\nstudy = made()"))
    assert [module.__name__.partition("_")[0] for module in loaded.modules] == ["simnet"]
    assert pickle.loads(pickle.dumps(loaded.scenario)) == loaded.scenario


def test_every_error_of_loading_has_exit_code_2_or_3():
    assert (UsageError.exit_code, InputError.exit_code) == (2, 3)
    assert {ScenarioError.exit_code, PersonaError.exit_code} == {3}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            (
                "def early(me, view):\n    pass\n"
                "study = Scenario('s', [Cohort('c', [Persona(id='a')], behaviour=early)], lasts=9)"
            ),
            r"behaviour=.* early does not take 3 arguments .*study\.py:\d+: def early",
        ),
        ("study = made(text='')", r"study\.py:\d+: .*empty text"),
        ("Persona('ann', 'Bakes.')", r"write Persona\(id='ann', description='Bakes\.'\)"),
    ],
)
def test_an_error_while_a_scenario_is_made_is_told_with_its_place(write, code, message):
    with pytest.raises(SimnetError, match=message):
        load_scenario(write(code))
