"""The one table of verbs: complete, and read the same way in a notebook and in a shell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipecell.commands.faces import Face
from pipecell.commands.table import CELL, VERBS
from pipecell.commands.verb import Verb, find, overview, parse, split_words
from pipecell.errors import UsageError

DESIGNED = ("preview", "check", "profile", "run", "watch", "logs", "stop", "retry", "list", "export", "local")


def every_verb(verbs: tuple[Verb, ...] = VERBS, prefix: str = "") -> Iterator[tuple[str, Verb]]:
    for verb in verbs:
        yield f"{prefix}{verb.name}", verb
        yield from every_verb(verb.verbs, f"{prefix}{verb.name} ")


def test_every_verb_of_the_design_is_there() -> None:
    assert set(DESIGNED) <= {verb.name for verb in VERBS}
    assert find("target", VERBS, "notebook").name == "target"
    with pytest.raises(UsageError):
        find("target", VERBS, "shell")


@pytest.mark.parametrize(("name", "verb"), list(every_verb()))
def test_every_verb_does_something_and_says_what(name: str, verb: Verb) -> None:
    assert bool(verb.handler) != bool(verb.verbs)
    assert verb.summary
    assert not verb.summary.endswith(".")
    for face in verb.faces:
        names = [option.name for option in verb.options_of(face)]
        assert len(names) == len(set(names)), name
    assert all(option.summary for option in verb.options)


def test_every_verb_of_a_shell_prints_json() -> None:
    for name, verb in every_verb():
        if "shell" in verb.faces and verb.handler:
            assert "--json" in [option.name for option in verb.options_of("shell")], name


@pytest.mark.parametrize("face", ["notebook", "shell"])
@pytest.mark.parametrize(("name", "verb"), list(every_verb()))
def test_help_lists_every_option(name: str, verb: Verb, face: Face) -> None:
    if face not in verb.faces:
        return
    call = parse(verb, ["-h"], face=face, program=f"pipecell {name}")
    assert f"pipecell {name}" in call.help
    for option in verb.options_of(face):
        assert (option.metavar if option.positional else option.name) in call.help


def test_help_is_given_wherever_it_is_asked_for() -> None:
    run = find("run", VERBS, "notebook")
    assert parse(run, ["--profile", "full", "--help"], face="notebook", program="x").help
    assert not parse(run, ["--input", "--", "-h"][:0], face="notebook", program="x").help


def test_values_are_read() -> None:
    run = find("run", VERBS, "shell")
    words = [
        "nb.ipynb",
        "--set",
        "A=1",
        "--set",
        "B=x=y",
        "--only",
        "S,T",
        "--on",
        "aws",
        "--wait",
        "--from",
        "S",
    ]
    values = parse(run, words, face="shell", program="p").values
    assert values.file == "nb.ipynb"
    assert values.set == ["A=1", "B=x=y"]
    assert (values.only, values.on, values.wait, values.json) == ("S,T", "aws", True, False)
    assert getattr(values, "from") == "S"
    assert values.profile is None


def test_words_and_options_may_be_mixed() -> None:
    profile = find("profile", VERBS, "notebook")
    values = parse(
        profile, ["smoke", "--pipeline", "P", "NumRound=5", "Count=1"], face="notebook", program="p"
    ).values
    assert (values.profile, values.settings, values.pipeline) == ("smoke", ["NumRound=5", "Count=1"], "P")


def test_options_are_not_abbreviated() -> None:
    run = find("run", VERBS, "notebook")
    with pytest.raises(UsageError, match="run has no option --prof"):
        parse(run, ["--prof", "full"], face="notebook", program="p")


@pytest.mark.parametrize(
    ("verb", "words", "line"),
    [
        ("run", ["--profil", "full"], 'PC910 — run has no option --profil. Did you mean "--profile"?'),
        ("run", ["--profil=full"], 'PC910 — run has no option --profil. Did you mean "--profile"?'),
        ("run", ["--on", "aw"], 'PC911 — --on cannot be "aw". Did you mean "aws"?'),
        ("preview", ["--format", "pgn"], 'PC911 — --format cannot be "pgn". Known: '),
        ("list", ["x"], 'PC911 — list takes no further word "x".'),
        ("run", ["--set"], "PC911 — --set needs a value. Usage: "),
        ("run", ["--wait=3"], "PC911 — --wait takes no value. Usage: "),
        ("logs", ["--folow"], 'PC910 — logs has no option --folow. Did you mean "--follow"?'),
        ("logs", [], "PC911 — Missing: STEP. Usage: "),
        ("local", ["strat"], 'PC909 — "strat" is not a verb of local. Did you mean "start"?'),
    ],
)
def test_a_wrong_command_is_one_line_with_the_nearest_spelling(
    verb: str, words: list[str], line: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse(find(verb, VERBS, "notebook"), words, face="notebook", program=f"%pipeline {verb}")
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_where_there_is_little_room_the_way_out_is_short() -> None:
    with pytest.raises(UsageError) as caught:
        parse(find("logs", VERBS, "notebook"), [], face="notebook", program="%pipeline logs")
    assert (caught.value.message, caught.value.hint) == (
        "Missing: STEP.",
        "`%pipeline logs -h` says what it takes.",
    )
    assert "--execution" in caught.value.usage


def test_a_wrong_verb_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r'"prevew" is not a verb\. Did you mean "preview"\?'):
        find("prevew", VERBS, "shell")


def test_a_quote_that_never_ends() -> None:
    with pytest.raises(UsageError, match="no closing quotation"):
        split_words("run --set 'A=1")
    assert split_words("run --input '{\"a\": 1}'") == ["run", "--input", '{"a": 1}']


def test_overview_lists_what_the_face_has() -> None:
    assert "  target" in overview(VERBS, "notebook", "%pipeline")
    assert "  target" not in overview(VERBS, "shell", "pipecell")


def test_the_cell_magic_reads_its_line_from_the_table_too() -> None:
    values = parse(CELL, ["Census", "--engine", "sagemaker"], face="notebook", program="%%pipeline").values
    assert (values.name, values.engine) == ("Census", "sagemaker")
    with pytest.raises(UsageError, match="Missing: NAME"):
        parse(CELL, [], face="notebook", program="%%pipeline")


def test_verbs_that_start_or_look_at_runs_are_left_out_while_a_notebook_is_read() -> None:
    launching = {verb.name for verb in VERBS if verb.launches}
    assert launching == {"plan", "diff", "run", "watch", "logs", "stop", "try", "retry", "list"}
