"""Events of two looks hold exactly what differs between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipecell.engines.engine import ExecutionSnapshot, StepSnapshot
from pipecell.engines.events import StatusChanged, StepsChanged, StepsForgotten, changes
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
