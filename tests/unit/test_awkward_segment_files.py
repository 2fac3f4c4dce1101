"""Segment files as nobody should write them: each is told with its place and a way out, and none ends the command."""

from pathlib import Path

import pytest

from engine.loading.segments import load

HEAD = "segment: asked\ntitle: T\nof: person\nwho:\n  - kind: prescriber\n"
FACTS = """\
brands: [HIVERNAX]
facts:
  potential: {label: {fr: P, en: P}, type: number, values: [1, 2, 3], source: s, legal_class: aggregated}
  last_congress: {label: {fr: C, en: C}, type: date, source: s, legal_class: declared}
"""
SQL = "-- segment: asked\n-- title: T\n-- of: person\n"


def told(tmp_path: Path, name: str, text: str) -> list[str]:
    """Return what is said of a file, and see that every problem has a place in a file and a way out."""
    folder = tmp_path / "segments"
    folder.mkdir()
    (folder / "facts.yaml").write_text(FACTS, encoding="utf-8")
    (folder / name).write_bytes(text.encode("utf-8"))
    _, problems = load(folder, campaigns=frozenset({"hivernax-2025"}))
    assert all(problem.remedy.en and problem.remedy.fr and problem.what.fr for problem in problems)
    return [f"{problem.span.line}:{problem.span.column}: {problem.what.en}" for problem in problems]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("  - ? [a, b]\n    : c\n", "6:7: a key is a word"),
        ("  - kind:\n", "6:5: there is no value here"),
        ("  - any:\n", "6:5: 'any' is a list of conditions"),
        ("  - town: \"a\\0b\"\n", "6:11: a letter that is none (\\0, \\uD800 …)"),
        ('  - town: "\\ud800"\n', "6:11: a letter that is none (\\0, \\uD800 …)"),
        ('  - town: "\\UFFFFFFFF"\n', "6:12: there is no letter '\\UFFFFFFFF'"),
        ('  # \\UFFFFFFFF\n  - town: "\\U00110000"\n', "7:12: there is no letter '\\U00110000'"),
        ("  # \\UFFFFFFFF\n  - visited: {since: 2026-02-30}\n", "7:22: '2026-02-30' is no date and no number"),
        ("  - town: '\\UFFFFFFFF'\n  - visited: {since: 2026-02-30}\n", "7:22: '2026-02-30' is no date and no number"),
        ("  - visited: {since: 2026-02-30}\n", "6:22: '2026-02-30' is no date and no number"),
        ("  - visited: {since: 2026-02-28T10:00:00+25:00}\n", "6:22: '2026-02-28T10:00:00+25:00' is no date and no number"),
        ("  - visited: {since: 9999-12-31}\n", "6:22: '9999-12-31' is not a moment"),
        ("  - visited: {since: 0001-01-01}\n", "6:22: '0001-01-01' is not a moment"),
        ("  - visited: {since: 2026-03-02T09:30:00, before: 2026-03-02}\n", "6:51: the window ends before it begins"),
        ("  - last_congress: {after: 9999-12-31, before: 2026-01-01}\n", "6:5: no day is in this range"),
        ("  - last_congress: {between: [2026-03-02, 2026-03-01]}\n", "6:21: no day is in this range"),
        ("  - visited: {within: 99999999999999999999 days}\n", "6:23: '99999999999999999999 days' is not a while"),
        ("  - visited: {within: 300 years}\n", "6:23: '300 years' is not a while"),
        ("  - visited: {within: ٣ days}\n", "6:23: '٣ days' is not a while"),
        ("  - potential: .nan\n", "6:16: 'NaN' does not fit 'potential'"),
        ("  - potential: 1e400\n", "6:16: 'Infinity' does not fit 'potential'"),
        (f"  - potential: {'9' * 5000}\n", f"6:16: '{'9' * 60}' is no date and no number"),
        ("  - town: {like: ''}\n", "6:18: 'like' takes one value"),
        ("  - do_not_call: on\n", "6:18: 'on' does not fit 'do_not_call'"),
        ("  - department: 1:30\n", "6:17: '1:30' is no value of 'department'"),
        ("\t- department: 44\n", "6:1: is not YAML: found character '\\t' that cannot start any token"),
        ("  - department: 44\n    department: 35\n", "7:5: the key 'department' is given twice"),
        ("  - &a {department: 44}\n  - *a\n", "6:5: anchors and aliases are not allowed"),
        ("  - {<<: {department: 44}}\n", "6:6: merge keys ('<<') are not allowed"),
        ("  - department: !!binary NDQ=\n", "6:17: the tag 'tag:yaml.org,2002:binary' is not allowed"),
        ("  - department: \u202e44\n", "6:17: an invisible control character"),
        ("  - department: \x7f44\n", "6:17: a character that YAML does not allow"),
        ("  - " + "{not: " * 60 + "{department: 44}" + "}" * 60 + "\n", "6:233: is nested too deep or holds too much"),
        ("timezone: ../../etc/passwd\n", "6:11: unknown time zone '../../etc/passwd'"),
        ("examples:\n  - {department: [], belongs: no}\n", "7:6: a customer has one 'department'"),
        ("examples:\n  - {department: [44, 35], belongs: no}\n", "7:6: a customer has one 'department'"),
        ("examples:\n  - {in: gp-metr, belongs: no}\n", "7:10: there is no segment 'gp-metr'"),
        ("examples:\n  - {visited: {chanel: x}, belongs: no}\n", "7:16: unknown key 'chanel'"),
        ("examples:\n  - {touched: {channel: [email]}, belongs: no}\n", "7:16: what happened has one 'channel'"),
        ("examples:\n  - {visited: {days_ago: .inf}, belongs: no}\n", "7:5: 'visited' does not say what happened"),
        ("examples:\n  - yes\n", "7:5: an example says whether it belongs"),
        ("title:\n", "6:1: the key 'title' is given twice"),
    ],
)  # fmt: skip
def test_an_awkward_file_is_told_with_its_place(tmp_path: Path, written: str, said: str) -> None:
    assert told(tmp_path, "asked.yaml", HEAD + written) == [said]


@pytest.mark.parametrize("code", ["01", "1", "'01'"])
def test_a_leading_zero_is_neither_lost_nor_an_octal_number(tmp_path: Path, code: str) -> None:
    example = "examples:\n  - {kind: prescriber, department: '01', belongs: yes}\n"

    assert told(tmp_path, "asked.yaml", f"{HEAD}  - department: {code}\n{example}") == []


def test_no_is_a_word_and_also_the_answer_of_a_yes_or_no_fact(tmp_path: Path) -> None:
    example = "examples:\n  - {kind: prescriber, do_not_call: no, town: no, belongs: yes}\n"

    assert told(tmp_path, "asked.yaml", f"{HEAD}  - do_not_call: no\n  - town: no\n{example}") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1:1: there is nothing here"),
        ("- a\n", "1:1: keys belong here, one a line"),
        ("hello\n", "1:1: keys belong here, one a line"),
        ("[" * 5000, "1:41: is nested too deep or holds too much"),
        (f"%YAML 1.1\n---\n{HEAD}", "2:1: directives ('%YAML', '%TAG') are not allowed"),
        (f"{HEAD}---\n{HEAD}", "6:1: a second document starts here"),
        (HEAD.replace("title: T", "title:"), "2:1: there is no value here"),
        (HEAD.replace("asked", '"asked\\n"'), "1:10: 'asked\n' is not a name"),
        (HEAD.replace("  - kind: prescriber", "  everybody"), "5:3: conditions are a list"),
        (HEAD.replace("kind: prescriber", "kind: prescribr"), "5:11: 'prescribr' is no value of 'kind'"),
        (HEAD.replace("kind: prescriber", "kind: prescribr").replace("\n", "\r\n"), "5:11: 'prescribr' is no value of 'kind'"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_segment_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert told(tmp_path, "asked.yaml", text) == [said]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT customer_id FROM v_customer WHERE 1 = " + "+".join("1" * 20_000), "4:1: says too much at once, or nests too deep"),
        ("SELECT customer_id FROM v_customer WHERE " + "NOT " * 1000 + "true", "4:1: says too much at once, or nests too deep"),
        ("SELECT customer_id\0 FROM v_customer", "4:20: an invisible control character"),
        ("SELECT customer_id FROM v_customer WHERE town = 'a", "4:49: is not SQL: unterminated quoted string at or near \"'a\""),
        ("-- of: organisation\nSELECT customer_id FROM v_customer", "4:1: the key 'of' is given twice"),
        ("", "1:1: 0 statements"),
    ],
)  # fmt: skip
def test_an_awkward_query_is_told_with_its_place(tmp_path: Path, query: str, said: str) -> None:
    assert told(tmp_path, "asked.sql", SQL + query) == [said]


def test_a_fact_that_no_value_fits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "facts.yaml").write_text(FACTS.replace("[1, 2, 3]", "[]"), encoding="utf-8")

    _, problems = load(tmp_path / "segments")

    assert [str(problem.span) for problem in problems] == ["segments/facts.yaml:3:52"]


def test_a_fact_is_not_derived_from_itself(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    (tmp_path / "segments" / "facts.yaml").write_text(
        FACTS.replace("source: s, legal_class: aggregated", "source: s, legal_class: aggregated, derived_from: [potential]"), encoding="utf-8"
    )  # fmt: skip

    _, problems = load(tmp_path / "segments")

    assert [problem.what.en for problem in problems] == [
        "the fact is derived from itself: potential → potential"
    ]
