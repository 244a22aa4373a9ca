"""Why a step will run again, in words for people: what differs from its last run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipecell.definition.code.places import CodePlace, code_places
from pipecell.definition.diff.values import ABSENT, Difference, differences
from pipecell.definition.paths import Segment
from pipecell.definition.summaries import image_name

CodeWords = Callable[[str, str], str]
"""Says how the code at one URI differs from that at another; empty where it does not."""

WILL_RUN = "will run"
"""How the reason ends that another step is."""

_SCRIPT = "SM_HP_"  # how SageMaker's toolkits name a hyperparameter in the environment
_SHOWN = 48  # characters of a value that a reason repeats
_MOST = 4  # differences that a reason names
_IMAGES = frozenset({"ImageUri", "TrainingImage", "Image"})
_GROUPS: Mapping[str, str] = {
    "HyperParameters": "hyperparameter",
    "StaticHyperParameters": "hyperparameter",
    "Environment": "environment",
    "ProcessingInputs": "input",
    "InputDataConfig": "input",
}


def differing(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    code_words: CodeWords,
    writer_of: Callable[[Any], str],
) -> list[str]:
    """Return what differs between a step's last run and the next, each a phrase.

    Args:
        before: what identified the last run, code by address.
        after: what will identify the next.
        code_words: says how code differs.
        writer_of: names the step that will run and that a value comes from.
    """
    old, new = json.loads(json.dumps(before)), json.loads(json.dumps(after, default=lambda _: None))
    found: dict[str, None] = {}
    for words in _code(old, new, code_words):
        found[words] = None
    for difference in differences(old, new):
        writer = writer_of(difference.after)
        found[f"{writer} {WILL_RUN}" if writer else phrase(difference)] = None
    return list(found)


def shorten(phrases: list[str]) -> str:
    """Return phrases as one reason; of many, the first few and how many more there are."""
    first = sorted(phrases, key=lambda words: not words.endswith(WILL_RUN))
    more = len(first) - _MOST
    return "; ".join(first[:_MOST] + ([f"and {more} more"] if more > 0 else []))


def phrase(difference: Difference) -> str:
    """Return one difference in words: ``hyperparameter eta 0.2 → 0.3``."""
    path = list(difference.path)
    if path and str(path[-1]) in _IMAGES:
        return f"image {_image(difference.before)} → {_image(difference.after)}"
    if path and _parameter(path):
        return f"parameter {_parameter(path)} {_arrow(difference)}"
    for place, segment in enumerate(path):
        word = _GROUPS.get(str(segment))
        if word and place + 1 < len(path):
            return _in_group(f"{word} {path[place + 1]}", path[place + 2 :], difference)
    return f"{difference.text} {_arrow(difference)}"


def _parameter(path: list[Segment]) -> str:
    """Return the name of a script's own parameter, which travels in the environment; empty for others."""
    return str(path[-1]).removeprefix(_SCRIPT).lower() if str(path[-1]).startswith(_SCRIPT) else ""


def _in_group(name: str, rest: list[Segment], difference: Difference) -> str:
    if difference.before is ABSENT and not rest:
        return f"{name} added"
    if difference.after is ABSENT and not rest:
        return f"{name} removed"
    tail = "" if not rest or str(rest[-1]) == "S3Uri" else f" {rest[-1]}"
    return f"{name}{tail} {_arrow(difference)}"


def _code(old: Any, new: Any, code_words: CodeWords) -> Iterator[str]:
    """Yield how the code differs, and take its addresses out of the comparison."""
    before: dict[str, CodePlace] = {place.label: place for place in code_places(old)}
    for place in code_places(new):
        other = before.get(place.label)
        if other is None or other.uri is None or place.uri is None:
            continue
        words = code_words(other.uri, place.uri)
        other.holder[other.key] = place.holder[place.key] = ""
        if words:
            yield words


def _arrow(difference: Difference) -> str:
    return f"{show(difference.before)} → {show(difference.after)}"


def _image(value: Any) -> str:
    return image_name(value) if isinstance(value, str) else show(value)


def show(value: Any) -> str:
    """Return a value for people: text without the quotes that the SDK puts around hyperparameters."""
    if value is ABSENT:
        return "none"
    text = value.strip('"') if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if text.startswith("s3://") and len(text) > _SHOWN:
        return f"s3://…{text[-_SHOWN + 6 :]}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
