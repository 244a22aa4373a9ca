"""From a definition to the plan of one execution, whole or selected."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pipecell.definition.document import Document
from pipecell.definition.sagemaker import StepView, dependencies, iterate_steps
from pipecell.errors import DefinitionError
from pipecell.local.work.pipelines.walk import Node, Plan, make_plan


@dataclass(frozen=True)
class Steps:
    """The steps of a definition and what each waits for.

    Attributes:
        views: by name, in the definition's order.
        needs: by name, the steps each refers to or depends on, without its Condition.
    """

    views: Mapping[str, StepView]
    needs: Mapping[str, frozenset[str]]


def read_steps(document: Document) -> Steps:
    """Read and check what must hold before a definition can be stored.

    Raises:
        DefinitionError: two steps of one name (``PC101``), a reference to a step that is not there
            (``PC102``) or a dependency on one (``PC103``), a cycle (``PC140``).
    """
    views: dict[str, StepView] = {}
    for view in iterate_steps(document):
        if view.name in views:
            raise DefinitionError(
                "Two steps have this name.", code="PC101", step=view.name, path=f"{view.path}.Name"
            )
        views[view.name] = view
    for view in views.values():
        _check_references(view, views)
    waits = dependencies(document)
    steps = Steps(views, {name: frozenset(waits[name]) - {view.parent} for name, view in views.items()})
    whole(steps)
    return steps


def _check_references(view: StepView, views: Collection[str]) -> None:
    wanted = [(each.name, each.path, "PC102") for each in view.references if each.kind == "step"]
    wanted += [(name, "DependsOn", "PC103") for name in view.depends_on]
    for name, path, code in wanted:
        if name not in views:
            raise DefinitionError(f'There is no step "{name}".', code=code, step=view.name, path=path)


def whole(steps: Steps) -> Plan:
    """Return the plan of a run of every step."""
    return make_plan(_node(view, steps.needs[name]) for name, view in steps.views.items())


def selected(steps: Steps, chosen: Collection[str], reused: Collection[str]) -> Plan:
    """Return the plan of a selective execution.

    Args:
        steps: the definition's steps.
        chosen: those to run.
        reused: those whose results are taken from another execution; they count as done.
    """
    kept = {*chosen, *reused}
    return make_plan(
        Node(
            name,
            frozenset() if name in reused else steps.needs[name] & kept,
            view.parent if name in chosen and view.parent in chosen else None,
            view.branch == "true" if name in chosen and view.parent in chosen else None,
        )
        for name, view in steps.views.items()
        if name in kept
    )


def upstream(steps: Steps, names: Iterable[str]) -> set[str]:
    """Return the steps that these refer to or depend on, directly, without these themselves."""
    chosen = set(names)
    return {need for name in chosen for need in steps.needs[name]} - chosen


def _node(view: StepView, needs: frozenset[str]) -> Node:
    branch = None if view.branch is None else view.branch == "true"
    return Node(view.name, needs, view.parent, branch)
