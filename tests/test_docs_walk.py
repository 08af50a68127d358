"""The newcomer's walk: by its page alone one gets a verb, a ranking and a scenario that work.

That its commands run, the replay by `simnet verify` included, is in `test_docs_examples.py`.
"""

import pytest
from docs_pages import ROOT, blocks_of

from simnet import FakeModel, Run, run
from simnet.scenario.files.loading import load_scenario

PAGE = ROOT / "docs" / "walk.md"
FILES = {block.title: block.code for block in blocks_of(PAGE) if block.title}
MOST_LINES = 60


@pytest.fixture(name="study")
def _study(tmp_path, monkeypatch):
    """Write the files of the page into an empty folder, and nothing else."""
    for name, code in FILES.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def make(*sets):
        scenario = load_scenario("study.py", sets).scenario
        return run(scenario, model=FakeModel(), out=tmp_path / "runs")

    return make


def rows(made: Run, table):
    return made.read(table).to_pylist()


def test_the_code_of_the_walk_is_short():
    assert set(FILES) == {"thanks.py", "study.py"}
    assert sum(len(code.splitlines()) for code in FILES.values()) < MOST_LINES


def test_the_verb_of_the_walk_is_used_and_its_rule_holds(study):
    thanks = [row for row in rows(study(), "events") if row["verb"] == "thank"]
    done = [row for row in thanks if row["outcome"] == "done"]
    assert len(done) > 5
    assert len({(row["who"], row["post"]) for row in done}) == len(done)
    assert all(row["whom"] and row["whom"] != row["who"] for row in done)


def test_the_ranking_of_the_walk_puts_thanked_posts_first(study):
    made = study()
    shown = [row for row in rows(made, "exposures") if row["ranker"] == "by_thanks"]
    assert any(row["score"] > 1 and row["rank"] == 0 for row in shown)
    other = study("thanks_first=false")
    assert "by_thanks" not in {row["ranker"] for row in rows(other, "exposures")}
