"""The hand-out: parsed, held against the burden of the plan, in every language there is."""

import json
import re
import tomllib

import numpy as np
import pytest

import segregation_tools as sgt
from segregation_tools.views.handout import _fields
from tests.planning.towns import GROUPS, Town
from tests.views.pages import Page

LANGUAGES = ["en", "fr", "de", "es"]
SEPARATORS = {"en": (",", "."), "fr": ("\u202f", ","), "de": (".", ","), "es": ("\u202f", ",")}


@pytest.fixture(scope="module")
def town():
    return Town()


@pytest.fixture(scope="module")
def plan(town):
    return town.rezone(steps=60_000)


def page_of(plan, folder, **given):
    path = folder / "page.html"
    assert sgt.handout(plan, path, **given) == path
    return Page(path)


def read(text, language):
    """A number as a language spells it."""
    thousands, decimal = SEPARATORS[language]
    return float(re.sub(r"[^0-9.]", "", text.replace(thousands, "").replace(decimal, ".")))


def rounded(value, text, language):
    digits = len(text.partition(SEPARATORS[language][1])[2].rstrip("%\u00a0"))
    return abs(read(text, language) - value) <= 0.5 * 10**-digits + 1e-9


# ---------------------------------------------------------------- the numbers


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_is_the_burden(plan, tmp_path, language):
    page, burden = page_of(plan, tmp_path, language=language, walk=10), plan.burden(walk=10)
    header, *rows = page.tables[0]
    assert "10" in header[-1]
    assert [row[0] for row in rows[:-1]] == GROUPS
    columns = ["pupils", "moved", "share_moved", "minutes_before", "minutes_now", "longest_now", "walkers_lost"]
    compared = 0
    for row, (_, values) in zip(rows, burden.iterrows(), strict=True):
        for text, column in zip(row[1:], columns, strict=True):
            value = 100 * values[column] if column == "share_moved" else values[column]
            if text != "–":
                assert rounded(value, text, language), (column, text, value)
                compared += 1
    assert compared > 15


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sentences_say_the_same(plan, tmp_path, language):
    page, burden = page_of(plan, tmp_path, language=language), plan.burden()
    lead, *groups = page.texts["p"][: 1 + len(GROUPS)]
    words = sgt.handout_words(language)
    everyone = burden.iloc[-1]
    for value in (everyone["pupils"], everyone["moved"]):
        assert spelled(value, language) in lead
    for group, text in zip(GROUPS, groups, strict=True):
        row = burden.loc[group]
        assert spelled(row["pupils"], language) in text
        often = "alike" if abs(row["ratio_moved"] - 1) <= 0.1 else "more" if row["ratio_moved"] > 1 else "less"
        told = {key: words[key].partition("{")[0] in text for key in ("more", "alike", "less")}
        assert told == {key: key == often for key in told}
    assert not re.search(r"[{}]", " ".join(page.texts["p"] + page.texts["li"]))


def spelled(value, language):
    return (
        f"{value:,.0f}".replace(",", SEPARATORS[language][0])
        if value >= {"es": 10000}.get(language, 1000)
        else f"{value:.0f}"
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("slower", [1.0, 1.3])
def test_minutes_in_words_are_those_of_the_table(town, tmp_path, language, slower):
    """Also where they are near a half, so that whole minutes would tell one small change and hide another."""
    travel = slower * town.travel + 0.04
    page = page_of(town.rezone(travel=travel, steps=20_000), tmp_path, language=language, walk=7)
    words = sgt.handout_words(language)
    for row, text in zip(page.tables[0][1:], page.texts["p"][1 : 1 + len(GROUPS)], strict=False):
        _, _, _, _, before, now, longest, _ = row
        key = "way_same" if before == now else "way"
        assert words[key].format(before=before, now=now) in text
        assert words["longest"].partition("{most}")[2].format(longest=longest) in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_that_nobody_walks_too_long_is_said_with_its_minutes(town, language):
    text = sgt.handout(town.score(town.blocks["school"], constraints=()), language=language, walk=13)
    assert sgt.handout_words(language)["walk_nobody"].format(walk="13") in text
    plainly = "Nobody whose way takes up to 13 minutes today would need more than 13."
    assert (plainly in text) == (language == "en")


def test_nothing_moves_and_closing_schools_are_told(town, tmp_path):
    page = page_of(town.score(town.blocks["school"], constraints=()), tmp_path)
    words = sgt.handout_words()
    assert words["moved_nobody"] in page.texts["p"][0]
    assert all(words["group_nobody"].partition("}")[2] in text for text in page.texts["p"][1:4])
    closing = town.schools.assign(open=[False] + [True] * (len(town.schools) - 1))
    shut = town.rezone(schools=closing, constraints=(), steps=20_000)
    page = page_of(shut, tmp_path)
    assert words["closing"] in page.texts["p"][0]


# ---------------------------------------------------------------- small counts


def test_small_counts_are_not_told(town, tmp_path):
    """One block of a few pupils moves."""
    sizes = town.blocks[GROUPS].sum(axis=1)
    block = sizes[(sizes > 0) & (sizes < 40)].index[0]
    zones = town.blocks["school"].copy()
    zones[block] = next(school for school in town.schools.index if school != zones[block])
    plan = town.score(zones, constraints=())
    moved = plan.burden()["moved"].iloc[:-1]
    few = (moved > 0) & (moved < 30)
    assert few.any()
    page = page_of(plan, tmp_path, min_count=30)
    words = sgt.handout_words()
    rows = page.tables[0][1:]
    for group, row, text in zip(GROUPS, rows, page.texts["p"][1:], strict=False):
        if few[group]:
            assert row[2] == row[3] == "–"
            assert words["group_untold"].partition("}")[2] in text
    hidden = [row[2] for row in rows].count("–")
    assert hidden != 1  # else it could be had from the others


def test_groups_of_very_few_are_refused(town):
    with pytest.raises(sgt.CapabilityError, match="leave the group out"):
        sgt.handout(town.score(town.blocks["school"], constraints=()), min_count=1_000_000)


# ---------------------------------------------------------------- the page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_nothing_else_and_is_escaped(plan, tmp_path, language):
    page = page_of(
        plan, tmp_path, language=language, names={"a": "<b>&"}, title="<script>1</script>", contact="a@b.example <i>"
    )
    assert page.fetched == []
    assert dict(page.tags)["html"] == {"lang": language}
    assert page.headings[0] == "<script>1</script>"
    assert "<b>&" in page.headings
    assert page.tables[0][1][0] == "<b>&"
    assert "a@b.example <i>" in page.texts["p"]
    assert not {"script", "i", "b"} & {tag for tag, _ in page.tags}


def test_without_a_path_it_is_text(plan, tmp_path):
    text = sgt.handout(plan, language="de")
    assert text == (sgt.handout(plan, tmp_path / "page.html", language="de")).read_text("utf-8")
    assert text.startswith("<!doctype html>")


# ---------------------------------------------------------------- languages


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_have_the_same_keys_and_names(language):
    english, words = sgt.handout_words("en"), sgt.handout_words(language)
    assert list(words) == list(english)
    assert words["code"] == language
    for key, text in english.items():
        both = [one if isinstance(one, list) else [one] for one in (text, words[key])]
        assert type(words[key]) is type(text)
        assert len(both[0]) == len(both[1])
        fields = [set().union(*(_fields(one, "", "") for one in texts)) for texts in both]
        assert fields[0] == fields[1], key
    if language != "en":
        same = [key for key, text in words.items() if text == english[key]]
        assert set(same) <= {"direction", "decimal", "thousands", "grouped_from", "percent", "untold"}


def test_other_languages_are_a_small_file(plan, tmp_path):
    words = sgt.handout_words() | {"code": "ar", "direction": "rtl", "title": "عنوان", "thousands": " "}
    source = tmp_path / "ar.json"
    source.write_text(json.dumps(words), "utf-8")
    page = page_of(plan, tmp_path, language=source)
    assert dict(page.tags)["html"] == {"lang": "ar", "dir": "rtl"}
    assert page.headings[0] == "عنوان"
    same = page_of(plan, tmp_path, language=words)
    assert same.texts == page.texts
    lines = [f"{key} = {json.dumps(value)}" for key, value in words.items()]
    (tmp_path / "ar.toml").write_text("\n".join(lines), "utf-8")
    assert tomllib.loads((tmp_path / "ar.toml").read_text("utf-8")) == words
    assert page_of(plan, tmp_path, language=str(tmp_path / "ar.toml")).texts == page.texts


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": None}, r"'title' must be text, not None"),
        ({"grouped_from": "1000"}, "'grouped_from' must be a number"),
        ({"not_text": "one"}, "'not_text' must be a list"),
        ({"table_header": ["one"]}, "'table_header' must be a list of 8 texts"),
        (
            {"moved": "{moved.__class__}"},
            r"'moved' has \{moved.__class__\}; the names in braces there are 'moved', 'share'",
        ),
        ({"moved": "{"}, "'moved' has braces that do not match"),
        ({"direction": "up"}, "'direction' must be 'ltr' or 'rtl'"),
        ({"tittle": "x"}, "has 'tittle', which means nothing"),
    ],
)
def test_words_that_do_not_fit_are_named(change, said):
    with pytest.raises(sgt.DataError, match=said):
        sgt.handout_words(sgt.handout_words() | change)


def test_files_that_do_not_fit_are_named(tmp_path):
    words = sgt.handout_words()
    del words["lead"]
    (tmp_path / "short.json").write_text(json.dumps(words), "utf-8")
    (tmp_path / "broken.toml").write_text("title = ", "utf-8")
    (tmp_path / "list.json").write_text("[1]", "utf-8")
    for name, said in (
        ("short.json", "'short.json' lacks 'lead'"),
        ("broken.toml", "'broken.toml' is no TOML"),
        ("list.json", "must be a table of words, not list"),
        ("none.json", "no file of words"),
    ):
        with pytest.raises(sgt.DataError, match=said):
            sgt.handout_words(tmp_path / name)
    with pytest.raises(sgt.DataError, match="no language 'xx'; there are 'de', 'en', 'es', 'fr'"):
        sgt.handout_words("xx")


def test_what_is_no_plan_is_refused(plan):
    with pytest.raises(sgt.OptionError, match="takes a plan"):
        sgt.handout(sgt.Population([[9, 2], [3, 9]], ["a", "b"]))
    with pytest.raises(sgt.GroupError, match="names= has 'z'"):
        sgt.handout(plan, names={"z": "Z"})
    with pytest.raises(sgt.OptionError, match="contact must be text"):
        sgt.handout(plan, contact=5)
    with pytest.raises(sgt.OptionError, match="walk must be"):
        sgt.handout(plan, walk=np.nan)


def test_words_with_more_than_names_in_braces_are_refused():
    words = sgt.handout_words("en") | {"lead": "{pupils:d} pupils, {schools}"}
    with pytest.raises(sgt.DataError, match="more than a name in its braces"):
        sgt.handout_words(words)


def test_groups_keep_names_of_their_own(town):
    plan = town.score(town.blocks["school"], constraints=())
    with pytest.raises(sgt.GroupError, match="tell groups apart"):
        sgt.handout(plan, names=dict.fromkeys(GROUPS[:2], "the same"))
    with pytest.raises(sgt.OptionError, match="mapping of group"):
        sgt.handout(plan, names=GROUPS)


def test_a_file_that_is_not_utf8_is_refused_by_name(tmp_path):
    (tmp_path / "old.json").write_bytes('{"title": "é"}'.encode("latin-1"))
    with pytest.raises(sgt.DataError, match=r"'old.json' is not written in UTF-8"):
        sgt.handout_words(str(tmp_path / "old.json"))
