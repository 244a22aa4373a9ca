"""Cycles: no step can wait for itself, over however many others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipecell.definition.checks.diagnostic import Finding, Rule, Subject, a_step, pipeline


def cycles(subject: Subject) -> Iterator[Finding]:
    """Find every group of steps that wait for each other, and show one way round it."""
    waits: dict[str, list[str]] = {}
    for step in subject.steps:
        wanted = dict.fromkeys(r.name for r in step.references if r.kind == "step")
        wanted |= dict.fromkeys([*step.depends_on, *([step.parent] if step.parent else [])])
        waits.setdefault(step.name, []).extend(name for name in wanted if name in subject.by_name)
    for circle in _circles(waits):
        shown = " → ".join([*circle[::-1], circle[-1]]) if len(circle) > 1 else circle[0]
        message = (
            f"{circle[0]} waits for itself." if len(circle) == 1 else f"Steps wait for each other: {shown}."
        )
        yield Finding(message, "Remove one of these references or DependsOn entries.", circle[0])


def _circles(waits: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """Yield cycles that share no step, each as the way from a step to what it waits for."""
    done: set[str] = set()
    for root in waits:
        if root in done:
            continue
        way: list[str] = [root]
        at = {root: 0}
        ahead = [iter(waits[root])]
        while way:
            following = next(ahead[-1], None)
            if following is None:
                ahead.pop()
                name = way.pop()
                del at[name]
                done.add(name)
            elif following in at:
                circle = way[at[following] :]
                if not done.intersection(circle):
                    yield circle
                    done.update(circle)  # one way round is enough to mend it
            elif following not in done:
                at[following] = len(way)
                way.append(following)
                ahead.append(iter(waits[following]))


RULES = (
    Rule(
        "PC140",
        "error",
        "AWS refuses the definition: no order of steps could satisfy it.",
        pipeline({**a_step("A"), "DependsOn": ["B"]}, {**a_step("B"), "DependsOn": ["A"]}),
        cycles,
    ),
)
