"""SynDisco's own classes read what is written for it."""

import pytest
import test_syndisco
from made_exports import NASTY, made_run
from syndisco.jobs import Annotation
from syndisco.postprocessing import import_annotations, import_discussions
from test_syndisco import LOGS, saved
from test_syndisco_annotations import FORMS, SAID, discussions, judged

from simnet import run
from simnet.annotation import annotation_logs
from simnet.discussions import logged_discussions, read_log
from simnet.exports import export_syndisco

pytestmark = pytest.mark.filterwarnings("ignore")  # other packages' own


def test_classes_of_syndisco_read_the_logs(tmp_path):
    file = saved(tmp_path, "log.json", LOGS["1.x"])
    made = run(logged_discussions([read_log(file)]), out=tmp_path / "runs")
    export_syndisco(made, tmp_path / "logs", moderator="mod")
    (path,) = (tmp_path / "logs" / "discussions").iterdir()
    entries = Annotation(None, path, include_moderator_comments=True).conv_data_dict["logs"]
    assert [(one["name"], one["text"]) for one in entries] == test_syndisco.SAID


def test_syndisco_reads_the_logs_of_annotations(tmp_path):
    logs = discussions()
    for number, log in enumerate(annotation_logs(logs, judged(tmp_path, logs), FORMS.annotators)):
        (tmp_path / "logs").mkdir(exist_ok=True)
        log.write(tmp_path / "logs" / f"{number}.json")
    table = import_annotations(tmp_path / "logs")
    first = table[(table["conv_id"] == "7f5a") & (table["username"] == "strict")]
    assert first["message"].tolist() == [text for _, text in SAID]
    assert first["annotation"].iloc[0].splitlines()[:2] == ["toxic=yes", "civil=4"]
    assert set(table["username"]) == {"strict", "judge.v2"}


def test_syndisco_reads_discussions_of_a_feed_with_the_traits(tmp_path):
    export_syndisco(made_run(tmp_path / "runs"), tmp_path / "logs")
    frame = import_discussions(tmp_path / "logs/discussions")
    assert frame["user"].tolist() == ["eve", "ana", "bob", "cy", "dan/../x", "eve", "ana"]
    assert frame["message"].tolist()[3] == NASTY
    assert frame["age"].tolist()[:2] == ["50", "40"]
    assert frame["message_order"].tolist() == list(range(1, 8))
