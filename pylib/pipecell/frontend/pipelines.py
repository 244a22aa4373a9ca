"""One pipeline as the extension reads it: its cells, steps, problems and profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pipecell.engines.logs import may_log
from pipecell.errors import PipecellError
from pipecell.frontend import places
from pipecell.view.folding import Folding
from pipecell.view.model import Scene, scene_of
from pipecell.view.model import document as drawn_document
from pipecell.view.theme import kind_of

if TYPE_CHECKING:
    from pipecell.declare.cells import CellRun
    from pipecell.declare.declaration import Declaration
    from pipecell.definition.checks import Diagnostic
    from pipecell.definition.document import Document
    from pipecell.graph import Graph
    from pipecell.pipelines import Pipeline

NARROW = 300.0
"""Pixels of a row of cards in the side panel, which is narrow and high."""


def describe(pipeline: Pipeline, declaration: Declaration, sources: Mapping[int, str]) -> dict[str, Any]:
    """Return a declared pipeline for the extension.

    Args:
        pipeline: the pipeline, as its cells declared it when one of them ran last.
        declaration: the cells that declare it.
        sources: execution count to the whole text of the cell.
    """
    document = _document(pipeline)
    homes = _runs_of_steps(declaration)
    cell_of = {run.number: run.key for run in declaration.runs if run.number is not None}
    ids = {run.key for run in declaration.runs if not run.is_anonymous}
    return {
        "name": pipeline.name,
        "deployed": declaration.deployed_name,
        "engine": declaration.engine,
        "cells": [
            {
                "id": run.key,
                "number": run.number,
                "source": sources.get(run.number or 0, ""),
                "outdone": _is_outdone(run, declaration),
            }
            for run in (*declaration.runs, *declaration.outdone)
            if not run.is_anonymous
        ],
        "steps": _steps(pipeline, homes, ids) if document is not None else [],
        "problems": [_problem(found, cell_of, sources, document) for found in _problems(pipeline)],
        **_profiles(pipeline),
        **(overview(pipeline.graph, Folding()) if document is not None else UNDRAWN),
    }


UNDRAWN: Mapping[str, Any] = {"dag": None, "stacks": {}, "folded": [], "opened": []}
"""The overview of what cannot be drawn."""


def overview(graph: Graph, folding: Folding) -> Mapping[str, Any]:
    """Return the DAG of the side panel: ``{dag, stacks, folded, opened}``.

    Args:
        graph: the whole pipeline.
        folding: what people folded and opened there.

    Returns:
        ``stacks`` holds, for each drawn node that stands for others, the ids of all that it stands for;
        ``folded`` and ``opened`` are the folding, to be given back with the next change of it.
    """
    try:
        scene = scene_of(graph, folding, with_state=True, max_width=NARROW)
    except PipecellError:
        return UNDRAWN  # there is no Graphviz
    return {
        "dag": _drawn(graph, scene),
        "stacks": {node: list(inside) for node, inside in scene.members.items() if len(inside) > 1},
        "folded": sorted(folding.folded),
        "opened": sorted(folding.opened),
    }


def drawing(graph: Graph, folding: Folding) -> dict[str, Any] | None:
    """Return the DAG of a file as the renderer draws it; None where there is no Graphviz."""
    try:
        scene = scene_of(graph, folding, with_state=False)
    except PipecellError:
        return None
    return _drawn(graph, scene)


def _drawn(graph: Graph, scene: Scene) -> dict[str, Any]:
    return drawn_document(graph, scene, facts=[graph.size])


def _document(pipeline: Pipeline) -> Document | None:
    try:
        return pipeline.document
    except PipecellError:
        return None  # its problems say why


def _problems(pipeline: Pipeline) -> Iterable[Diagnostic]:
    return pipeline.check()


def _problem(
    found: Diagnostic, cell_of: Mapping[int, str], sources: Mapping[int, str], document: Document | None
) -> dict[str, Any]:
    cell = cell_of.get(found.cell) if found.cell is not None else None
    source = sources.get(found.cell, "") if found.cell is not None else ""
    place = places.find(source, found, document) if cell is not None else None
    if cell is None or place is None or not place.exact:
        # A value may come from another cell of the pipeline than the step that it is used in.
        for number, key in cell_of.items():
            there = places.find(sources.get(number, ""), found, document)
            if there is not None and (there.exact or place is None):
                cell, place = key, there
                if there.exact:
                    break
    return {**found.to_json(), "cell": cell, "place": place.to_json() if place is not None else None}


def _steps(pipeline: Pipeline, homes: Mapping[str, CellRun], ids: set[str]) -> list[dict[str, Any]]:
    needs = _needs(pipeline.graph, homes)
    keys = {name: run.key for name, run in homes.items() if run.key in ids}
    return [
        {
            "id": node.id,
            "name": node.name,
            "type": node.type,
            "kind": kind_of(node.type),
            "logs": may_log(node.type),
            "cell": keys.get(node.name),
            "parent": node.parent,
            "needs": needs[node.id],
        }
        for node in pipeline.graph.nodes
    ]


def _needs(graph: Graph, homes: Mapping[str, CellRun]) -> dict[str, list[str]]:
    """Return, for each node, those that it waits for or that its cell is made from."""
    needs: dict[str, list[str]] = {node.id: [] for node in graph.nodes}
    for edge in graph.edges:
        needs.setdefault(edge.target, []).append(edge.source)
    jobs = {name: run.job for name, run in homes.items() if run.job is not None}
    made: dict[str, list[str]] = {}
    for node in graph.nodes:
        # What a cell declares may go under more names than the cell's own.
        for name in {node.name, jobs[node.name].name} if node.name in jobs else {node.name}:
            made.setdefault(name, []).append(node.id)
    for node in graph.nodes:
        read = jobs[node.name].steps_read() if node.name in jobs else ()
        found = {node_id for name in read for node_id in made.get(name, ())}
        needs[node.id] += sorted(found.difference(needs[node.id]))
    return needs


def _is_outdone(run: CellRun, declaration: Declaration) -> bool:
    """Tell whether other cells hold all that a cell declares."""
    names, held = run.names(declaration.engine), declaration.held
    return bool(names) and all(name in held and held[name].run.key != run.key for name in names)


def _runs_of_steps(declaration: Declaration) -> dict[str, CellRun]:
    """Return the run of the cell that declares each step, the steps inside collections included."""
    from pipecell.declare.cells import members, name_of

    homes: dict[str, CellRun] = {}
    for name, unit in declaration.held.items():
        homes[name] = unit.run
        for inner in members(unit.thing):
            homes.setdefault(name_of(inner), unit.run)
    return homes


def _profiles(pipeline: Pipeline) -> dict[str, Any]:
    try:
        table = pipeline.profiles()
    except PipecellError:
        return {"profile": "smoke", "profiles": {}, "costs": {}}
    profiles = {name: dict(values) for name, values in table.values.items()}
    return {
        "profile": table.in_force,
        "profiles": profiles,
        "costs": dict(table.costs),
    }
