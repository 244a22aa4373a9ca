"""AWS's own service models: what an operation takes and what it answers, for every service.

They are data that botocore ships; no client and no code of it is used. Where botocore is not
installed nothing is known, and what asks must then keep still.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

ALIASES = {
    "sfn": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchevents": "events",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "cognitoidentity": "cognito-identity",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticsearch": "es",
    "databasemigration": "dms",
    "directory": "ds",
    "applicationautoscaling": "application-autoscaling",
    "sagemakerfeaturestoreruntime": "sagemaker-featurestore-runtime",
    "timestreamwrite": "timestream-write",
    "timestreamquery": "timestream-query",
    "servicecatalogappregistry": "servicecatalog-appregistry",
    "costexplorer": "ce",
}
"""Names that Step Functions takes from the Java SDK where botocore calls the service otherwise."""

_MOST = 8  # models held at once; one is up to 10 MB as objects


@dataclass(frozen=True, eq=False)
class Shape:
    """One shape of a service's model.

    Attributes:
        facts: the shape's own JSON: ``type``, ``members``, ``required``, ``enum`` and so on.
        shapes: all shapes of the service, to follow names in.
    """

    facts: Mapping[str, Any]
    shapes: Mapping[str, Any]

    @property
    def type(self) -> str:
        """``structure``, ``list``, ``map``, ``string``, ``integer``, ``blob`` and so on."""
        return str(self.facts.get("type", ""))

    @property
    def members(self) -> dict[str, Shape]:
        """Members of a structure by name."""
        return {name: self._follow(member) for name, member in self.facts.get("members", {}).items()}

    @property
    def required(self) -> tuple[str, ...]:
        """Members that a request must have; those that an SDK fills in by itself are left out."""
        members = self.facts.get("members", {})
        return tuple(
            name
            for name in self.facts.get("required", ())
            if not members.get(name, {}).get("idempotencyToken")
        )

    def inner(self, key: str) -> Shape:
        """Return the shape of a list's ``member`` or a map's ``value``."""
        return self._follow(self.facts[key])

    def _follow(self, member: Mapping[str, Any]) -> Shape:
        found = self.shapes[member["shape"]]
        own = {key: value for key, value in member.items() if key in ("jsonvalue",)}
        return Shape({**found, **own} if own else found, self.shapes)


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of a service.

    Attributes:
        service: botocore's name of the service.
        name: the operation's own name, ``CreateTrainingJob``.
        input: what it takes; None for nothing.
        output: what it answers; None for nothing.
    """

    service: str
    name: str
    input: Shape | None
    output: Shape | None


def available() -> bool:
    """Tell whether there are models to read."""
    return _folder() is not None


def service_name(service: str) -> str | None:
    """Return botocore's name of a service that Step Functions names; None where there is none."""
    plain = service.lower().replace("-", "")
    alias = ALIASES.get(plain)
    return alias if alias in _services().values() else _services().get(plain)


def service_names() -> list[str]:
    """Return every service, as Step Functions writes them, for a hint."""
    return sorted({*_services(), *ALIASES})


def operations(service: str) -> dict[str, str]:
    """Return the operations of one of botocore's services, by their name in camel case."""
    return {camel(name): name for name in _model(service)["operations"]}


def operation(service: str, name: str) -> Operation | None:
    """Return an operation by its own name or by its camel case, whatever its case."""
    model = _model(service)
    wanted = name.lower()
    found = next((each for each in model["operations"] if each.lower() == wanted), None)
    if found is None:
        return None
    facts, shapes = model["operations"][found], model["shapes"]

    def shape(key: str) -> Shape | None:
        return Shape(shapes[facts[key]["shape"]], shapes) if key in facts else None

    return Operation(service, found, shape("input"), shape("output"))


def camel(name: str) -> str:
    """Return an operation as a Resource writes it: ``CreateTrainingJob`` is ``createTrainingJob``."""
    return name[:1].lower() + name[1:]


def pascal(name: str) -> str:
    """Return a member as Step Functions writes it: ``clusterName`` is ``ClusterName``."""
    return name[:1].upper() + name[1:]


def java(name: str) -> str:
    """Return a member as the Java SDK calls it: ``DBInstances`` is ``DbInstances``."""
    words = re.findall(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+", name)
    return "".join(word[:1].upper() + word[1:].lower() for word in words)


@lru_cache(maxsize=1)
def _folder() -> Path | None:
    from importlib.util import find_spec

    found = find_spec("botocore")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    return Path(places[0]) / "data" if places else None


@lru_cache(maxsize=1)
def _services() -> Mapping[str, str]:
    folder = _folder()
    if folder is None:
        return {}
    return {entry.name.replace("-", ""): entry.name for entry in folder.iterdir() if entry.is_dir()}


@lru_cache(maxsize=_MOST)
def _model(service: str) -> Mapping[str, Any]:
    folder = _folder()
    versions = (
        sorted((folder / service).iterdir()) if folder is not None and (folder / service).is_dir() else []
    )
    for version in reversed(versions):
        for name in ("service-2.json", "service-2.json.gz"):
            place = version / name
            if place.is_file():
                content = place.read_bytes()
                text = gzip.decompress(content) if name.endswith(".gz") else content
                model = json.loads(text, object_pairs_hook=_without_words)
                return {"operations": model["operations"], "shapes": model["shapes"]}
    return {"operations": {}, "shapes": {}}


def _without_words(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Leave out documentation: two thirds of a model, and nobody here reads it."""
    return {key: value for key, value in pairs if key != "documentation" or isinstance(value, dict)}


def sound_pattern(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern of a model as Python reads it; None for those that only Java does."""
    try:
        return re.compile(pattern)
    except re.error:
        return None
