import pytest
from hypothesis import given
from hypothesis import strategies as st

from simnet.clock import DAY, HOUR, MINUTE, format_age, format_time, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 30 * MINUTE),
        ("6h", 6 * HOUR),
        ("2d", 2 * DAY),
        ("1d12h", 1.5 * DAY),
        ("1.5h", 1.5 * HOUR),
        ("45", 45),
        ("0", 0),
        ("1e3", 1000),
    ],
)
def test_a_duration_is_read_in_every_form_the_help_names(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1", "5 m", "6hours", "nan", "inf", "1h-", "h", " "])
def test_what_is_no_duration_is_named_and_the_forms_are_told(text):
    with pytest.raises(
        ValueError, match=r"is not a duration; write 90s, 30m, 6h, 2d or 1d12h"
    ) as e:
        parse_duration(text)
    assert repr(text) in str(e.value)


@given(st.integers(0, 400), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_a_moment_is_written_as_days_and_a_clock(days, hours, minutes, seconds):
    at = days * DAY + hours * HOUR + minutes * MINUTE + seconds
    clock = f"{hours:02}:{minutes:02}:{seconds:02}"
    assert format_time(at) == (f"{days}d {clock}" if days else clock)
    assert format_time(at + 0.9) == format_time(at)


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (86399, "23h"),
        (DAY, "1d"),
    ],
)
def test_an_age_has_its_largest_unit_alone(age, text):
    assert format_age(age) == text


@given(st.floats(0, 1e9))
def test_an_age_reads_back_as_no_more_than_itself(age):
    assert parse_duration(format_age(age)) <= age
