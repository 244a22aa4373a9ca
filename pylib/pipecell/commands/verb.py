"""What a verb is: its name, its options, and the function that does it.

Parsers, help texts, completion and the JupyterLab extension all derive from these values, so a
verb or an option is written down once, in `pipecell.commands.table`.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from pipecell.commands.faces import BOTH, Face
from pipecell.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from pipecell.commands.context import Context

ValueKind = Literal[
    "",
    "file",
    "pipeline",
    "step",
    "parameter",
    "profile",
    "execution",
    "source",
    "image",
    "instance",
    "value",
    "cache",
    "new-step",
]


@dataclass(frozen=True)
class Option:
    """One option or positional word of a verb.

    Attributes:
        name: ``--profile`` for an option, ``file`` for a positional word.
        summary: what it means, a short phrase.
        metavar: how its value is called in help; empty for a flag.
        short: a one-letter form such as ``-o``.
        flag: takes no value.
        repeat: may be given several times, each adding a value.
        count: argparse's ``nargs`` of a positional word: ``?`` for optional, ``*`` for any number.
        choices: the only values, where there are few.
        kind: what its value names, so that completion can offer it.
        faces: where it exists.
    """

    name: str
    summary: str
    metavar: str = ""
    short: str = ""
    flag: bool = False
    repeat: bool = False
    count: Literal["", "?", "*"] = ""
    choices: tuple[str, ...] = ()
    kind: ValueKind = ""
    faces: frozenset[Face] = BOTH

    @property
    def positional(self) -> bool:
        """Whether it is a word by its place."""
        return not self.name.startswith("-")

    @property
    def key(self) -> str:
        """Its name among the parsed values."""
        return self.name.lstrip("-").replace("-", "_")


@dataclass(frozen=True)
class Result:
    """What a verb found, for each face to present in its own way.

    Attributes:
        data: what ``--json`` prints; a list is printed one line an item.
        text: what a terminal prints; without a final newline.
        bundle: MIME bundle that a notebook displays.
        value: what a magic returns.
        exit_code: 0 it holds, 1 the pipeline is at fault.
        error: what a magic raises instead of exiting with 1.
        aside: a shell prints the text on standard error, as compilers do with what they find.
    """

    data: Any = None
    text: str = ""
    bundle: Mapping[str, str] | None = None
    value: Any = None
    exit_code: int = 0
    error: Exception | None = None
    aside: bool = False


Handler = Callable[["Context", argparse.Namespace], Result]


@dataclass(frozen=True)
class Verb:
    """One verb.

    Attributes:
        name: the word.
        summary: what it does, one line.
        handler: does it; None for a verb that only holds others.
        options: its options and words, in the order of its help.
        verbs: verbs below it, as ``start`` is below ``local``.
        faces: where it exists.
        launches: looks at a target or changes it, so it is skipped while a notebook is only read.
        description: more for its help, after the summary.
    """

    name: str
    summary: str
    handler: Handler | None = None
    options: tuple[Option, ...] = ()
    verbs: tuple[Verb, ...] = ()
    faces: frozenset[Face] = BOTH
    launches: bool = False
    description: str = ""

    def options_of(self, face: Face) -> tuple[Option, ...]:
        """Return the options that exist in a notebook or in a shell."""
        return tuple(option for option in self.options if face in option.faces)


@dataclass(frozen=True)
class Call:
    """A verb that was asked for: what to do and with which values."""

    verb: Verb
    values: argparse.Namespace = field(default_factory=argparse.Namespace)
    help: str = ""


def split_words(line: str) -> list[str]:
    """Split a magic's line as a shell would, without any expansion.

    Raises:
        UsageError: a quote that never ends (``PC908``).
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(
            f"The line cannot be read: {str(error).lower()}.", code="PC908", hint="Close the quote."
        ) from error


def find(name: str, verbs: Sequence[Verb], face: Face, what: str = "verb") -> Verb:
    """Return a verb by name.

    Raises:
        UsageError: no such verb (``PC909``), with the nearest spelling.
    """
    known = {verb.name: verb for verb in verbs if face in verb.faces}
    if name not in known:
        raise UsageError(f'"{name}" is not a {what}.', code="PC909", hint=did_you_mean(name, known))
    return known[name]


def parse(verb: Verb, words: Sequence[str], *, face: Face, program: str) -> Call:
    """Read the words after a verb.

    Args:
        verb: the verb.
        words: what was typed after it.
        face: where it was typed.
        program: how help calls the command, for example ``%pipeline run``.

    Returns:
        The call; its ``help`` is set instead of its values when help was asked for.

    Raises:
        UsageError: an unknown option (``PC910``), a missing, wrong or superfluous value (``PC911``).
    """
    if verb.verbs:
        if not words or words[0] in ("-h", "--help"):
            return Call(verb, help=_overview(verb, face, program))
        below = find(words[0], verb.verbs, face, f"verb of {verb.name}")
        return parse(below, words[1:], face=face, program=f"{program} {below.name}")
    parser = _parser(verb, face, program)
    options = verb.options_of(face)
    if any(word in ("-h", "--help") for word in _before_end(words)):
        return Call(verb, help=parser.format_help())
    try:
        values, rest = parser.parse_known_intermixed_args(list(words))
    except UsageError:
        # What is missing is asked for only where nothing that is there is wrong.
        unknown = [word for word in _before_end(words) if _is_unknown(word, options)]
        if unknown:
            _refuse(verb, unknown[0], options)
        raise
    if rest:
        _refuse(verb, rest[0], options)
    for option in options:
        given = getattr(values, option.key)
        for value in given if isinstance(given, list) else [given]:
            if option.choices and value is not None and value not in option.choices:
                raise UsageError(
                    f'{option.name} cannot be "{value}".',
                    code="PC911",
                    hint=did_you_mean(value, option.choices),
                )
    return Call(verb, values)


def overview(verbs: Sequence[Verb], face: Face, program: str) -> str:
    """Return the help that lists verbs."""
    shown = [verb for verb in verbs if face in verb.faces]
    width = max(len(verb.name) for verb in shown) + 2
    lines = [f"usage: {program} VERB ...", ""]
    lines += [f"  {verb.name:<{width}}{verb.summary}" for verb in shown]
    return "\n".join([*lines, "", f"`{program} VERB -h` says more about a verb."])


def _overview(verb: Verb, face: Face, program: str) -> str:
    return f"{overview(verb.verbs, face, program)}\n\n{verb.summary}"


def _is_unknown(word: str, options: Sequence[Option]) -> bool:
    known = {"--help", *(option.name for option in options if not option.positional)}
    return word.startswith("--") and word.partition("=")[0] not in known


def _before_end(words: Sequence[str]) -> Sequence[str]:
    return words[: words.index("--")] if "--" in words else words


_COMPLAINTS = (
    (re.compile(r": expected (?:one|at least one) argument$"), " needs a value"),
    (re.compile(r": ignored explicit argument .*$"), " takes no value"),
)
"""argparse's words for what is wrong with an option, and ours."""


class _Parser(argparse.ArgumentParser):
    """argparse, saying what is wrong in our own words instead of leaving the process."""

    usage_line = ""  # kept from before parsing, while which argparse has its own idea of it

    def error(self, message: str) -> NoReturn:
        """Raise argparse's complaint in a sentence of ours."""
        words = message.removeprefix("argument ").replace("the following arguments are required", "missing")
        for theirs, ours in _COMPLAINTS:
            words = theirs.sub(ours, words)
        sentence = words[:1].upper() + words[1:]
        raise UsageError(
            f"{sentence.rstrip('.')}.",
            code="PC911",
            hint=f"`{self.prog} -h` says what it takes.",
            usage=self.usage_line,
        )


def _parser(verb: Verb, face: Face, program: str) -> _Parser:
    parser = _Parser(
        prog=program,
        description="\n\n".join(part for part in (verb.summary, verb.description) if part),
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for option in verb.options_of(face):
        settings: dict[str, Any] = {"help": option.summary}
        if option.flag:
            settings["action"] = "store_true"
        else:
            settings["metavar"] = option.metavar or "|".join(option.choices) or option.name.upper()
            if option.repeat:
                settings |= {"action": "append", "default": []}
        if option.positional:
            if option.count:
                settings["nargs"] = option.count
            parser.add_argument(option.name, **settings)
        else:
            names = (option.short, option.name) if option.short else (option.name,)
            parser.add_argument(*names, dest=option.key, **settings)
    parser.usage_line = " ".join(parser.format_usage().removeprefix("usage: ").split())
    return parser


def _refuse(verb: Verb, word: str, options: Sequence[Option]) -> NoReturn:
    if word.startswith("-"):
        name = word.split("=", 1)[0]
        known = [option.name for option in options if not option.positional]
        raise UsageError(f"{verb.name} has no option {name}.", code="PC910", hint=did_you_mean(name, known))
    raise UsageError(f'{verb.name} takes no further word "{word}".', code="PC911")


def read_json(text: str | None, option: str) -> Any:
    """Return the value of an option that takes JSON; None where it was not given.

    Raises:
        UsageError: it is not JSON (``PC922``).
    """
    if text is None:
        return None
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{option} is not JSON: {error}.", code="PC922") from error
