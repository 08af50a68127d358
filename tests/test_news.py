"""News from files becomes the posts of a newspaper, at their times."""

import sys
from datetime import UTC, datetime

import pytest
from made_worlds import drive

from simnet import HOUR, MINUTE, Cohort, Feed, Persona, Scenario, Steps, silent
from simnet.errors import ScenarioError
from simnet.feeds import both, following, written_by
from simnet.news import NewsItem, newspaper, read_news

CSV = """\
Date,Headline,Summary,URL
2026-05-01T08:00:00Z,Bridge closed,"Until June, says the mayor.",http://x.example/1
2026-05-01T10:30:00+02:00,Ferry full,,http://x.example/2

"Fri, 01 May 2026 09:00:00 GMT",Swimmers seen,,
"""
RSS = """\
<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Town</title><link>http://x.example</link>
<item><title>Bridge &amp; road closed</title><link>http://x.example/1</link>
<description>&lt;p&gt;
Until &lt;b&gt;J&lt;/b&gt;une.&lt;/p&gt;&lt;p&gt;Perhaps.&lt;/p&gt;</description>
<pubDate>Fri, 01 May 2026 10:00:00 +0200</pubDate></item>
<item><title>Ferry full</title><pubDate>Fri, 01 May 2026 08:30:00 GMT</pubDate></item>
</channel></rss>
"""
ATOM = """\
<feed xmlns="http://www.w3.org/2005/Atom"><title>Town</title><id>t</id>
<updated>2026-05-01T08:00:00Z</updated>
<entry><title>Ferry sunk</title><id>1</id><updated>2026-05-01T12:00:00Z</updated>
<summary>Nobody hurt.</summary></entry></feed>
"""


def file(folder, content, name="news"):
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def at(hour, minute=0):
    return datetime(2026, 5, 1, hour, minute, tzinfo=UTC)


def test_a_csv_file_is_read_by_the_names_of_its_columns(tmp_path):
    assert read_news(file(tmp_path, CSV)) == [
        NewsItem(at(8), "Bridge closed", "Until June, says the mayor.", "http://x.example/1"),
        NewsItem(at(8, 30), "Ferry full", "", "http://x.example/2"),
        NewsItem(at(9), "Swimmers seen", "", ""),
    ]
    other = "\ufefftext;time\nGoal!;1777622400\n"
    assert read_news(file(tmp_path, other)) == [NewsItem(at(8), "", "Goal!")]


def test_rss_and_atom_files_are_read_without_their_tags(tmp_path):
    assert read_news(file(tmp_path, RSS)) == [
        NewsItem(at(8), "Bridge & road closed", "Until June. Perhaps.", "http://x.example/1"),
        NewsItem(at(8, 30), "Ferry full"),
    ]
    assert read_news(file(tmp_path, ATOM)) == [NewsItem(at(12), "Ferry sunk", "Nobody hurt.", "1")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("time,title\nsoon,x\n", "news, line 2: 'soon' is no time; write it like 2026-05-01"),
        ("time,title\n2026-05-01,ok\n\n2026-05-02,\n", "line 4: the item has neither"),
        ("title\nx\n", "no column is called time or date or .*; the columns are title"),
        ("time,who\n2026-05-01,x\n", "no column is called title or headline or text"),
        ('time,title\n2026-05-01,"x\n', "line 2: unexpected end of data"),
        ("", "no column is called time"),
        ("<html><body>Not found</body></html>", "not an RSS or Atom feed with items"),
        ("<rss><channel><item><title>x</title></item></channel></rss>", "item 1: .* no time"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, content, message):
    with pytest.raises(ScenarioError, match=message):
        read_news(file(tmp_path, content))


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path):
    with pytest.raises(ScenarioError, match="No such file"):
        read_news(tmp_path / "none.csv")
    (tmp_path / "odd").write_bytes(b"\xff\xfe\x00time")
    with pytest.raises(ScenarioError, match="neither XML nor CSV in UTF-8"):
        read_news(tmp_path / "odd")


def test_without_feedparser_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "feedparser", None)
    with pytest.raises(ScenarioError, match=r'need feedparser; pip install ".\[news\]"'):
        read_news(file(tmp_path, RSS))


def cues(paper):
    return [(cue.at, cue.does.text) for cue in paper.cues]


def test_a_newspaper_publishes_each_item_once_at_its_time(tmp_path):
    files = [file(tmp_path, CSV, "a"), file(tmp_path, RSS, "b"), file(tmp_path, ATOM, "c")]
    paper = newspaper("herald", *files)
    assert {cue.who for cue in paper.cues} == {"herald"}
    assert cues(paper) == [
        (0.0, "Bridge closed: Until June, says the mayor."),
        (1800.0, "Ferry full"),
        (3600.0, "Swimmers seen"),
        (14400.0, "Ferry sunk: Nobody hurt."),
    ]


def test_the_beginning_the_speed_the_end_and_the_length_can_be_set(tmp_path):
    path = file(tmp_path, CSV)
    fast = newspaper("herald", path, begins="2026-05-01T08:15:00Z", speed=10, longest=10)
    assert cues(fast) == [(90.0, "Ferry full"), (270.0, "Swimmer...")]
    early = newspaper("herald", path, begins=datetime(2026, 5, 1, 7), lasts=HOUR)  # noqa: DTZ001
    assert cues(early) == [(3600.0, "Bridge closed: Until June, says the mayor.")]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"speed": 0}, "give a positive number"),
        ({"longest": 0}, "allow a character"),
        ({"begins": "soon"}, "write a date such as"),
        ({"begins": "2027-01-01"}, "none of the 3 items of .* is between begins and lasts"),
    ],
)
def test_settings_that_leave_nothing_are_refused(tmp_path, fields, message):
    with pytest.raises(ScenarioError, match=message):
        newspaper("herald", file(tmp_path, CSV), **fields)
    with pytest.raises(ScenarioError, match="no files hold no items"):
        newspaper("herald")


def test_the_news_is_the_feed_of_a_cohort_that_follows_nobody(tmp_path):
    paper = newspaper("herald", file(tmp_path, CSV))
    people = [Persona(id="ana"), Persona(id="ben")]
    rhythm = Steps(40 * MINUTE, offset=MINUTE)
    readers = Cohort("readers", people[:1], behaviour=silent, rhythm=rhythm, feed=paper.feed)
    mixed = Feed(reads=both(written_by("herald"), following))
    others = Cohort("others", people[1:], behaviour=silent, rhythm=rhythm, feed=mixed)
    scenario = Scenario("news", [paper.cohort, readers, others], paper.cues, lasts=2 * HOUR)
    played = drive(scenario)
    shown = {who: [b.posts for b in played.exposure_batches if b.who == who]
             for who in ("ana", "ben", "herald")}  # fmt: skip
    assert shown == {"ana": [(0,), (1,), (2,)], "ben": [(0,), (1,), (2,)], "herald": []}
