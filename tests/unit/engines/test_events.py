"""Events of two looks hold exactly what differs between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipecell.engines.engine import ExecutionSnapshot, Inside, StepSnapshot
from pipecell.engines.events import InsideChanged, StatusChanged, StepsChanged, StepsForgotten, changes
from tests.unit.engines.fakes import snapshot

STEPS = st.lists(
    st.builds(
        StepSnapshot,
        name=st.sampled_from("ABCDEF"),
        type=st.just("Training"),
        status=st.sampled_from(["Executing", "Succeeded", "Failed"]),
        started=st.just(1.0),
        ended=st.sampled_from([None, 2.0]),
    ),
    unique_by=lambda step: step.name,
)


@given(before=STEPS, after=STEPS)
def test_applied_to_the_first_look_they_give_the_second(
    before: list[StepSnapshot], after: list[StepSnapshot]
) -> None:
    known = {step.name: step for step in before}
    for event in changes(snapshot(steps=tuple(before)), snapshot(steps=tuple(after))):
        if isinstance(event, StepsChanged):
            known |= {step.name: step for step in event.steps}
        if isinstance(event, StepsForgotten):
            known = {name: step for name, step in known.items() if name not in event.names}
    assert known == {step.name: step for step in after}


def test_the_same_look_twice_tells_nothing() -> None:
    assert changes(snapshot(), snapshot()) == ()


def test_the_first_look_tells_everything() -> None:
    seen: ExecutionSnapshot = snapshot("Succeeded", ended=4.0)
    assert changes(None, seen) == (StatusChanged("Succeeded", "", 1.0, 4.0), StepsChanged(seen.steps))


INSIDES = st.lists(
    st.builds(
        Inside,
        path=st.tuples(st.sampled_from("AB")),
        kind=st.just("trials"),
        arn=st.just("arn"),
        engine=st.just("sagemaker"),
        status=st.sampled_from(["Executing", "Succeeded"]),
        steps=STEPS.map(tuple),
        best=st.sampled_from(["", "A"]),
    ),
    unique_by=lambda inside: inside.path,
)


@given(before=INSIDES, after=INSIDES)
def test_what_steps_started_is_told_the_same_way(before: list[Inside], after: list[Inside]) -> None:
    known = {(inside.path, step.name): step for inside in before for step in inside.steps}
    frames = {inside.path: (inside.status, inside.best) for inside in before}
    for event in changes(snapshot(inside=tuple(before)), snapshot(inside=tuple(after))):
        if isinstance(event, InsideChanged):
            assert event.inside.steps == ()
            frames[event.inside.path] = (event.inside.status, event.inside.best)
        if isinstance(event, StepsChanged):
            known |= {(event.path, step.name): step for step in event.steps}
        if isinstance(event, StepsForgotten):
            known = {
                key: step for key, step in known.items() if key[0] != event.path or key[1] not in event.names
            }
    assert known == {(inside.path, step.name): step for inside in after for step in inside.steps}
    for inside in after:
        assert frames[inside.path] == (inside.status, inside.best)
