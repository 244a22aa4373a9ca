"""A ``%%step`` cell's line and body, read into a `StepCell`; nothing is written and no SDK is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipecell.declare.jobs import words
from pipecell.declare.jobs.bodies import OwnScript, Surroundings, Written, read_body
from pipecell.declare.jobs.cell import StepCell
from pipecell.declare.jobs.fields import read_fields
from pipecell.declare.jobs.places import read_outputs, read_property_files, read_uploads, split_places
from pipecell.declare.jobs.values import (
    LocalPath,
    Value,
    is_plain,
    is_variable,
    outputs_in,
    read_output,
    read_source,
    read_text,
)
from pipecell.errors import DeclarationError

_NO_JOB_OPTION = frozenset(
    {"name", "input", "output", "image", "instance", "param", "env", "arg", "with", "cache", "retry"}
    | {"depends", "tag", "max_runtime", "pipeline", "try", "set", "upload", "property_file"}
    | {"script", "source"}
)
_PASS_VALUES = frozenset({"lambda", "callback"})
_SOURCES = frozenset({"metrics"})
_WORDS = frozenset({"handler", "runtime", "inference_script"})


def read_cell(kind: str, options: Mapping[str, Any], body: str, around: Surroundings) -> StepCell:
    """Read a ``%%step`` cell.

    Args:
        kind: the step's kind.
        options: what was typed, by option, as the table of verbs parses it.
        body: the cell below its first line.
        around: where it stands.

    Raises:
        DeclarationError: the line or the body cannot be meant, with line and column where it is the body.
    """
    try:
        return _read(kind, options, body, around)
    except DeclarationError as error:
        error.step = error.step or str(options.get("name") or "") or None
        error.cell = error.cell if error.cell is not None else around.cell
        raise


def _read(kind: str, options: Mapping[str, Any], body: str, around: Surroundings) -> StepCell:
    given = {key: value for key, value in options.items() if value not in (None, [], False)}
    name = words.step_name(str(given["name"]))
    params = _values(given, "param", around, identifier=True)
    sources, places = split_places(given.get("input", ()), kind)
    outputs = read_outputs(given.get("output", ()), kind, around.namespace)
    fields: dict[str, Any] = {
        "kind": kind,
        "name": name,
        "inputs": {key: _source(kind, value, around) for key, value in sources.items()},
        "outputs": outputs.names,
        "places": places,
        "output_places": outputs.places,
        "destinations": outputs.destinations,
        "fields": read_fields(given.get("set", ()), around.namespace),
        "files": read_property_files(given.get("property_file", ()), outputs.names),
        "source": str(given.get("source", "")),
        "uploads": read_uploads(given.get("upload", ()), around.folder),
        "image": read_text(given["image"], around.namespace) if "image" in given else None,
        "instance": words.instance(given.get("instance"), around.namespace),
        "params": params,
        "env": _values(given, "env", around),
        "arguments": tuple(_value(word, around) for word in given.get("arg", ())),
        "cache": words.cache_period(given.get("cache")),
        "retries": words.count(given.get("retry"), "--retry", 0),
        "depends": tuple(part for word in given.get("depends", ()) for part in word.split(",") if part),
        "tags": _values(given, "tag", around),
        "max_runtime": words.seconds(given.get("max_runtime"), around.namespace),
        "settings": _settings(given, around),
        "where": around.cell,
    }
    _refuse_itself(name, fields)
    own = OwnScript(str(given.get("script", "")), str(given.get("source", "")))
    written = Written(kind, name, body, fields, tuple(given.get("with", ())), around, own)
    return StepCell(**fields, **read_body(written))


def _source(kind: str, word: str, around: Surroundings) -> Value:
    """Read what an input is: data for jobs, a value for steps that only pass it on."""
    if kind in _PASS_VALUES:
        value = _value(word, around)
        return _number(value) if isinstance(value, str) else value
    return read_source(word, around.namespace, around.steps)


def _settings(given: Mapping[str, Any], around: Surroundings) -> dict[str, Any]:
    """Return the options of one kind alone, with the notebook's values in them."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key in _NO_JOB_OPTION:
            continue
        if isinstance(value, list):
            found[key] = tuple(_value(word, around) for word in value)
        elif key in _WORDS:
            found[key] = read_text(value, around.namespace)
        elif key in _SOURCES:
            found[key] = read_source(value, around.namespace, around.steps)
        else:
            found[key] = _value(value, around) if isinstance(value, str) else value
    return found


def _value(word: str, around: Surroundings) -> Value:
    value = read_text(word, around.namespace)
    output = read_output(value) if isinstance(value, str) else None
    if output is None or output.path:
        return output or value
    return replace(output, text=value)


def _values(
    given: Mapping[str, Any], option: str, around: Surroundings, *, identifier: bool = False
) -> dict[str, Value]:
    found = words.pairs(given.get(option, ()), f"--{option}", identifier=identifier)
    return {key: _passable(key, _value(word, around), option) for key, word in found.items()}


def _passable(key: str, value: Value, option: str) -> Value:
    """Return a value that a job can get; plain texts that are numbers become numbers.

    Raises:
        DeclarationError: ``PC650``, a value that is no text, number, boolean, list or mapping of such.
    """
    if isinstance(value, str) and option == "param":
        return _number(value)
    if is_plain(value) or is_variable(value) or outputs_in(value) or not isinstance(value, object):
        return value
    if isinstance(value, LocalPath | Path):
        return str(value)
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        if hasattr(value, "parts"):
            return value
        raise DeclarationError(
            f"--{option} {key}: a {type(value).__name__} cannot be given to a job.",
            code="PC650",
            hint="Texts, numbers, booleans, lists and mappings can; give data as -i NAME=….",
        ) from None
    return value


def _number(text: str) -> Value:
    readers: tuple[Callable[[str], Any], ...] = (int, float)
    for read in readers:
        try:
            return read(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def _refuse_itself(name: str, fields: Mapping[str, Any]) -> None:
    read = {output.step for value in fields["inputs"].values() for output in outputs_in(value)}
    if name in read | set(fields["depends"]):
        raise DeclarationError(f"{name} waits for itself.", code="PC652", hint="Name another step.")
