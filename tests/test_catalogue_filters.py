"""What a search and a filter ask for, and the errors of those that are wrong."""

import pytest

from simnet.errors import UsageError
from simnet.personas.catalogue.columns import field_of, list_column, text_column
from simnet.personas.catalogue.filter_sql import compile_filter
from simnet.personas.catalogue.text_query import parse_text

COLUMNS = [text_column("age"), text_column("labels"), list_column("labels")]


@pytest.mark.parametrize("name", ["age", "Age", "a_b", "_61", "a.b", "她 x", "", "🧗", "a" * 300])
def test_the_name_of_a_field_can_be_read_from_its_column(name):
    assert field_of(text_column(name)) == name


def test_columns_of_different_fields_differ():
    names = ["age", "Age", "a_b", "a.b", "ab", "_61", "61", "a_62"]
    assert len({text_column(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("filter", "problem"),
    [
        ("", "is empty"),
        ("agee > 3", r"character 1: there is no field 'agee'; did you mean 'age'"),
        ("zzz > 3", r"there is no field 'zzz'; there are age, description, format, id"),
        ("age > ", "character 7: the filter ends where a number, a text"),
        ("age >> 3", "character 6: there is '>' where a number"),
        ("age 3", "there is '3' where =, <>"),
        ("age > 3 age", "where `and`, `or` or the end"),
        ("(age > 3", "the filter ends where `\\)`"),
        ('age = "thirty"', "character 7: 'thirty' is no text; write 'thirty'"),
        ("age = 3 labels = 'x'", "character 9: there is 'labels' where `and`"),
        ("labels = art and agee > 3", "character 18: there is no field 'agee'; did you mean 'age'"),
        ("labels ~ '!'", "character 10: there is no word in '!'"),
        ("labels ~", "the filter ends where words"),
        ("labels <> art or music", "no field 'music'.*if 'art or music' is one text, write it in"),
        ("labels = art and", "the filter ends where the name of a field"),
        ("age = 'x", "the quotation mark ' is not closed"),
        ("age > 3; drop table personas", "character 8: there is ';' where `and`"),
        ("age in 3", "where `\\(`"),
        ("age is 3", "where `null`"),
        ("age like 3", "a text in single quotation marks"),
        ("and", "there is 'and' where the name of a field"),
        ("not " * 60 + "age > 3", "nested too deeply"),
        ("age not > 3", "where =, <>"),
        ("3 < age", "where the name of a field"),
    ],
)
def test_a_filter_that_is_wrong_is_told_with_its_character(filter, problem):
    with pytest.raises(UsageError, match=problem):
        compile_filter(filter, COLUMNS)


def test_nothing_of_the_user_reaches_the_database_unquoted():
    sql = compile_filter("labels = 'x'') or true --' and id <> 'é'", COLUMNS)
    literal = "'x'') or true --'"
    columns = f"t_labels = {literal} OR coalesce(array_has(l_labels, {literal}), false)"
    assert sql == f"(({columns}) AND (id <> 'é'))"


def test_a_search_is_words_phrases_and_beginnings():
    assert parse_text('Big "old tools" surg* follow-up "" !') == (
        ("Big", "follow-up"),
        ("old tools",),
        ("surg",),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (" !! ", "no word"),
        ('""', "no word"),
        ('a "b', "not closed"),
        ("*ology", "a star stands at the end"),
    ],
)
def test_a_search_that_is_wrong_is_told(text, problem):
    with pytest.raises(UsageError, match=problem):
        parse_text(text)
