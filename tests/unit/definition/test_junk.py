"""Costs, plans, comparisons and exports of definitions with junk in any place never crash."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from pipecell.declare.compiled import Compiled
from pipecell.definition import Document, read_document
from pipecell.definition.cache.foresee import Target, foresee
from pipecell.definition.cost import estimate, packaged
from pipecell.definition.diff import compare
from pipecell.definition.parameters import defaults
from pipecell.errors import DefinitionError, PipecellError
from pipecell.exporting import export
from tests.unit.definition.export.everything import everything, machine
from tests.unit.golden.compare import definition

JUNK: tuple[Any, ...] = (
    *(None, 1, -1, True, "", "x", [], {}, [None], [1, "a"], {"a": None}, 3.5),
    *(
        {"Get": "Parameters.X"},
        {"Get": "Steps.A.B"},
        {"Std:Join": {"On": 1, "Values": 3}},
        {"Std:JsonGet": {}},
    ),
)


class Nothing:
    """No earlier runs."""

    def steps(self, name: str, step_type: str) -> Iterator[Any]:
        return iter(())

    def json(self, uri: str) -> Any:
        raise DefinitionError("not there")


def spoiled(value: Any, dice: random.Random) -> Any:
    """Return a value with junk in about one place of thirty."""
    if dice.random() < 1 / 30:
        return json.loads(json.dumps(dice.choice(JUNK)))
    if isinstance(value, dict):
        return {key: spoiled(item, dice) for key, item in value.items()}
    return [spoiled(item, dice) for item in value] if isinstance(value, list) else value


def uses(document: Document, other: Document) -> Iterator[Callable[[], Any]]:
    target = Target(Nothing(), lambda known: known, lambda *_: "", lambda _: "", 0.0)
    yield lambda: estimate(document, defaults(document), prices=packaged(), region="us-east-1").to_json()
    yield lambda: compare(document, other)
    if document.engine == "sagemaker":
        yield lambda: foresee(document, defaults(document), target)
    for form in ("cloudformation", "policy", "python"):
        yield partial(export, Compiled(document), form, file="x", several=False)


@pytest.mark.parametrize("whole", [everything(), machine(), definition("census.json")], ids=lambda d: d.name)
def test_junk_is_no_crash(whole: Document) -> None:
    readable = 0
    for seed in range(150):
        dice = random.Random(seed)
        with contextlib.suppress(PipecellError):
            document, other = (read_document(json.dumps(spoiled(whole.body, dice))) for _ in range(2))
            readable += 1
            for use in uses(document, other):
                with contextlib.suppress(PipecellError):
                    use()
    assert readable > 10
