"""SageMaker Pipelines' definition as steps, dependencies and a graph.

Steps inside a Condition are steps like any other, in this one flat list, and may refer to steps
of other branches or come before what they refer to: AWS orders steps by their references alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pipecell.definition.document import Document
from pipecell.definition.parameters import defaults
from pipecell.definition.references import Reference, find_references
from pipecell.definition.summaries import edge_label, summarise
from pipecell.graph import Edge, EdgeKind, Graph, Node

Branch = Literal["true", "false"]

_BRANCHES: tuple[tuple[str, Branch], ...] = (("IfSteps", "true"), ("ElseSteps", "false"))
_NAMING = frozenset({"Name", "Type", "DependsOn", "DisplayName", "Description"})


@dataclass(frozen=True)
class StepView:
    """One step, wherever it is nested.

    Attributes:
        name: the step's name.
        type: the definition's type word, known to us or not.
        arguments: its Arguments; empty when absent.
        depends_on: names in DependsOn.
        parent: name of the Condition that holds it, else None.
        branch: ``true`` for IfSteps, ``false`` for ElseSteps, None at the top.
        path: where it stands, for example ``Steps[3].Arguments.IfSteps[0]``.
        body: the whole step.
    """

    name: str
    type: str
    arguments: Mapping[str, Any]
    depends_on: tuple[str, ...]
    parent: str | None
    branch: Branch | None
    path: str
    body: Mapping[str, Any]

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Every reference that the step itself makes, not those of steps nested in it; paths begin here."""
        found: list[Reference] = []
        for key, value in self.body.items():
            if key == "Arguments" and self.type == "Condition":
                for name, argument in self.arguments.items():
                    if name not in ("IfSteps", "ElseSteps"):
                        found += find_references(argument, f"Arguments.{name}")
            elif key not in _NAMING:
                found += find_references(value, key)
        return tuple(found)


def iterate_steps(document: Document) -> tuple[StepView, ...]:
    """Return every step in the definition's order, each Condition followed by its branches."""
    if "steps" not in document.memo:
        steps = document.body["Steps"] if document.engine == "sagemaker" else []
        document.memo["steps"] = tuple(_walk(steps, "Steps", None, None))
    known: tuple[StepView, ...] = document.memo["steps"]
    return known


def _walk(
    steps: list[Mapping[str, Any]], path: str, parent: str | None, branch: Branch | None
) -> Iterator[StepView]:
    for index, body in enumerate(steps):
        here = f"{path}[{index}]"
        step = StepView(
            name=body["Name"],
            type=body["Type"],
            arguments=body.get("Arguments") or {},
            depends_on=tuple(name for name in body.get("DependsOn") or () if isinstance(name, str)),
            parent=parent,
            branch=branch,
            path=here,
            body=body,
        )
        yield step
        if step.type == "Condition":
            for key, inner in _BRANCHES:
                yield from _walk(step.arguments.get(key) or [], f"{here}.Arguments.{key}", step.name, inner)


def dependencies(document: Document) -> dict[str, set[str]]:
    """Return, for each step, the steps that it waits for.

    These are the steps it refers to, those in its DependsOn, and the Condition that holds it.
    Names that are no step of the pipeline are left out; a step that refers to itself is kept.
    """
    steps = iterate_steps(document)
    names = {step.name for step in steps}
    waits: dict[str, set[str]] = {step.name: set() for step in steps}
    for step in steps:
        wanted = {reference.name for reference in step.references if reference.kind == "step"}
        wanted.update(step.depends_on)
        if step.parent is not None:
            wanted.add(step.parent)
        waits[step.name] |= wanted & names
    return waits


def read_graph(document: Document) -> Graph:
    """Return the DAG: a node for each step, one edge for each pair of steps and kind of dependency.

    A data edge is labelled with the outputs that it carries, a branch edge with ``true`` or ``false``.
    """
    steps = iterate_steps(document)
    values = defaults(document)
    ids = unique_ids(step.name for step in steps)
    by_name: dict[str, tuple[str, StepView]] = {}
    for node_id, step in zip(ids, steps, strict=True):
        by_name.setdefault(step.name, (node_id, step))
    nodes = tuple(
        Node(
            id=node_id,
            name=step.name,
            type=step.type,
            parent=by_name[step.parent][0] if step.parent is not None else None,
            cell=document.cells.get(step.name),
            summary=summarise(step.type, step.body, values),
        )
        for node_id, step in zip(ids, steps, strict=True)
    )
    labels: dict[tuple[str, str, EdgeKind], dict[str, None]] = {}
    for node_id, step in zip(ids, steps, strict=True):
        if step.parent is not None:
            labels.setdefault((by_name[step.parent][0], node_id, "branch"), {})[str(step.branch)] = None
        for reference in step.references:
            if reference.kind == "step" and reference.name in by_name:
                source_id, source = by_name[reference.name]
                labels.setdefault((source_id, node_id, "data"), {})[edge_label(reference, source.body)] = None
        for name in step.depends_on:
            if name in by_name:
                labels.setdefault((by_name[name][0], node_id, "control"), {})[""] = None
    edges = tuple(Edge(*key, label=", ".join(filter(None, words))) for key, words in labels.items())
    return Graph(document.name, document.engine, nodes, edges)


def unique_ids(names: Iterator[str]) -> list[str]:
    """Return an id for each name: the name itself, with ``#2`` and so on for those that come again."""
    seen: dict[str, int] = {}
    ids: list[str] = []
    for name in names:
        seen[name] = count = seen.get(name, 0) + 1
        ids.append(name if count == 1 else f"{name}#{count}")
    return ids
