"""The order of a pipeline's steps as transitions of a machine.

Steps that wait for nothing of each other run side by side in a Parallel, one stage after the other; a
Condition step becomes a Choice. Variables that a branch of a Parallel assigns are not seen outside, so
a Parallel assigns them again from what its branches put out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipecell.definition.document import Document, read_document
from pipecell.definition.parameters import declared
from pipecell.definition.references import JSON_GET, function_of
from pipecell.definition.sagemaker import StepView, dependencies, iterate_steps
from pipecell.definition.translate.expressions import PARAMETERS, condition, expression, file_of, variable
from pipecell.definition.translate.states import States, states_of
from pipecell.errors import DefinitionError

Branch = list[StepView]


def to_machine(document: Document) -> Document:
    """Return a SageMaker pipeline as a state machine of the same name.

    Args:
        document: the pipeline.

    Raises:
        DefinitionError: ``PC630``, some step, reference or dependency has no counterpart; nothing is
            left out silently but caching and experiments.
    """
    translator = _Translator(document)
    states: States = {}
    first = translator.sequence([step for step in translator.steps if step.parent is None], states, None)
    states = {"Parameters": _parameters(document, first), **states}
    body = {
        "Comment": f"The SageMaker pipeline {document.name}, translated.",
        "QueryLanguage": "JSONata",
        "StartAt": "Parameters",
        "States": states,
    }
    return read_document(body, name=document.name, cells=document.cells, origin=document.origin)


def _parameters(document: Document, following: str | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for parameter in declared(document):
        given = (
            f"$states.input.`{parameter.name}`"
            if not parameter.name.isidentifier()
            else f"$states.input.{parameter.name}"
        )
        default = "" if parameter.default is None else f" : {expression(parameter.default)}"
        values[parameter.name] = (
            f"{{% $exists({given}) ? {given}{default} %}}" if default else f"{{% {given} %}}"
        )
    state: dict[str, Any] = {"Type": "Pass", "Assign": {PARAMETERS: values}}
    return state | ({"Next": following} if following else {"End": True})


class _Translator:
    def __init__(self, document: Document) -> None:
        self.steps = iterate_steps(document)
        self._waits = dependencies(document)
        self._by_name = {step.name: step for step in self.steps}
        self._files = _files_read(document.body)

    def sequence(self, steps: Branch, states: States, following: str | None) -> str | None:
        """Add the states of some steps, in stages, before a state that follows; return the first one."""
        for stage in reversed(self._stages(steps)):
            if len(stage) == 1:
                following = self._single(stage[0], states, following)
            else:
                following = self._parallel(stage, states, following)
        return following

    def _stages(self, steps: Branch) -> list[Branch]:
        """Return the steps by how many others they have to wait for, one after the other."""
        names = {step.name for step in steps}
        inside = {step.name: self._all_inside(step) for step in steps}
        holder = {inner: name for name, inners in inside.items() for inner in inners}
        level: dict[str, int] = {}
        waiting = list(steps)
        while waiting:
            ready = []
            for step in waiting:
                needs = {holder.get(need, need) for each in inside[step.name] for need in self._waits[each]}
                needs = (needs & names) - {step.name}
                self._refuse_reading_branches(step, inside, holder)
                if needs <= level.keys():
                    level[step.name] = 1 + max((level[need] for need in needs), default=-1)
                    ready.append(step)
            if not ready:
                raise DefinitionError("The steps wait for each other in a circle.", code="PC630")
            waiting = [step for step in waiting if step not in ready]
        return [
            [step for step in steps if level[step.name] == n]
            for n in range(max(level.values(), default=-1) + 1)
        ]

    def _all_inside(self, step: StepView) -> list[str]:
        return [
            step.name,
            *(name for each in self.steps if each.parent == step.name for name in self._all_inside(each)),
        ]

    def _refuse_reading_branches(
        self, step: StepView, inside: Mapping[str, list[str]], holder: Mapping[str, str]
    ) -> None:
        own = set(inside[step.name])
        for each in own:
            for need in self._waits[each]:
                if need in holder and need not in own and holder[need] != need:
                    raise DefinitionError(
                        f"It waits for {need}, which a condition may leave out.", code="PC630", step=each
                    )

    def _single(self, step: StepView, states: States, following: str | None) -> str:
        if step.type == "Condition":
            return self._choice(step, states, following)
        made = states_of(step, self._places(step))
        names = list(made)
        for name, after in zip(names, [*names[1:], following], strict=True):
            if made[name]["Type"] != "Fail":
                made[name] |= {"Next": after} if after else {"End": True}
        states |= made
        return names[0]

    def _places(self, step: StepView) -> dict[str, dict[str, str]]:
        known = {file.get("PropertyFileName"): file for file in step.body.get("PropertyFiles") or ()}
        return {name: dict(known[name]) for name in self._files.get(step.name, ()) if name in known}

    def _choice(self, step: StepView, states: States, following: str | None) -> str:
        ends = following
        if ends is None:
            ends = f"After {step.name}"
            states[ends] = {"Type": "Succeed"}
        ways = []
        for branch in ("true", "false"):
            inner = [each for each in self.steps if each.parent == step.name and each.branch == branch]
            ways.append(self.sequence(inner, states, ends if inner else None) or ends)
        tests = (
            " and ".join(f"({condition(each)})" for each in step.arguments.get("Conditions") or ()) or "true"
        )
        states[step.name] = {
            "Type": "Choice",
            "Choices": [{"Condition": f"{{% {tests} %}}", "Next": ways[0]}],
            "Default": ways[1],
        }
        return step.name

    def _parallel(self, stage: Branch, states: States, following: str | None) -> str:
        name = " and ".join(step.name for step in stage)
        name = name if len(name) <= 80 else f"{stage[0].name} and {len(stage) - 1} more"  # noqa: PLR2004 - AWS's limit
        branches, assign = [], {}
        for index, step in enumerate(stage):
            inner: States = {}
            first = self._single(step, inner, None)
            branches.append({"StartAt": first, "States": inner})
            if step.type not in ("Condition", "Fail"):
                assign[variable(step.name)] = f"{{% $states.result[{index}] %}}"
        state: dict[str, Any] = {"Type": "Parallel", "Branches": branches}
        if assign:
            state["Assign"] = assign
        states[name] = state | ({"Next": following} if following else {"End": True})
        return name


def _files_read(value: Any) -> dict[str, list[str]]:
    """Return the property files that some ``Std:JsonGet`` reads, by step."""
    found: dict[str, list[str]] = {}
    for reference in _json_gets(value):
        place = file_of(reference)
        if place is not None and place[1] not in found.setdefault(place[0], []):
            found[place[0]].append(place[1])
    return found


def _json_gets(value: Any) -> Iterable[Mapping[str, Any]]:
    if function_of(value) == JSON_GET:
        yield value[JSON_GET]
    children: Sequence[Any] = (
        list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    )
    for child in children:
        yield from _json_gets(child)
