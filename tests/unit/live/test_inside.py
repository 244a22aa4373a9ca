"""What steps start becomes groups of the drawing that begin folded, and move nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipecell.definition.document import read_document
from pipecell.engines.engine import ExecutionSnapshot, Inside, StepSnapshot
from pipecell.graph import Edge, Graph, Node, NodeState
from pipecell.live.inside import progress, shape, whole
from pipecell.view.folding import Folding
from pipecell.view.model import changed_nodes, scene_of, step_states
from tests.nested import judge
from tests.unit.engines.fakes import snapshot

GRAPH = Graph(
    "p",
    "sagemaker",
    (
        Node("Prepare", "Prepare", "Processing"),
        Node("Tune", "Tune", "Tuning", summary="xgboost 1.7-1 · ml.m5.xlarge"),
    ),
    (Edge("Prepare", "Tune", "data"),),
)
OPEN = Folding(opened=frozenset({"Tune"}))


def trial(number: int, status: str = "Succeeded", **metadata: Any) -> StepSnapshot:
    ended = None if status == "Executing" else 3.0
    return StepSnapshot(f"job-{number}", "Trial", status, 1.0, ended, metadata=metadata)


def trials(*steps: StepSnapshot, **changes: Any) -> ExecutionSnapshot:
    fields: dict[str, Any] = {"status": "Executing", "steps": steps, "total": 4, **changes}
    return snapshot(inside=(Inside(("Tune",), "trials", "arn", "sagemaker", **fields),))


def test_trials_appear_folded_and_no_card_moves() -> None:
    before = scene_of(GRAPH, Folding(), with_state=True)
    seen = trials(trial(1), trial(2, "Executing"))
    after = scene_of(whole(GRAPH, seen).graph, Folding(), with_state=True)
    fresh = changed_nodes(before, after)
    assert fresh is not None
    ((index, node),) = fresh
    assert (index, node["id"], node["fold"], node["hidden"]) == (1, "Tune", "folded", 2)
    assert [node[key] for key in ("x", "y", "width")] == [
        before.body["nodes"][1][key] for key in ("x", "y", "width")
    ]


def test_an_open_group_that_grows_is_another_drawing() -> None:
    one = scene_of(whole(GRAPH, trials(trial(1))).graph, OPEN, with_state=True)
    two = scene_of(whole(GRAPH, trials(trial(1), trial(2))).graph, OPEN, with_state=True)
    assert changed_nodes(one, two) is None
    assert [node["name"] for node in two.body["nodes"]] == ["Prepare", "Tune", "Trial 1", "Trial 2"]


def test_open_trials_stand_in_the_order_of_their_numbers() -> None:
    graph = whole(GRAPH, trials(*map(trial, range(1, 12)))).graph
    nodes = scene_of(graph, OPEN, with_state=True).body["nodes"]
    placed = sorted((node for node in nodes if node["type"] == "Trial"), key=lambda node: node["y"])
    assert [node["name"] for node in placed] == [f"Trial {number}" for number in range(1, 12)]


def test_a_folded_step_keeps_its_own_state_though_a_trial_failed() -> None:
    seen = trials(trial(1, "Failed"), trial(2))
    found = whole(GRAPH, seen)
    scene = scene_of(found.graph, Folding(), with_state=True)
    states = found.states({"Tune": NodeState("Executing", 1.0)}, seen)
    (row,) = step_states(scene, states, 0.0, found.values(seen))
    assert row == [1, "Executing", 1.0, None, {"value": "1 of 4, 1 failed"}]


def test_the_best_trial_has_a_star_and_each_says_what_it_tried() -> None:
    first = trial(1, Objective=0.91, TunedHyperParameters={"eta": "0.25000001", "depth": "6"})
    second = trial(2, Objective=0.8, TunedHyperParameters={"eta": "0.5", "depth": "7"})
    seen = trials(first, second, trial(3, "Executing"), best="job-1")
    found = whole(GRAPH, seen)
    assert found.values(seen) == {
        "Tune": "2 of 4, best 0.91",
        "Tune/job-1": "★ 0.91 · depth 6 · eta 0.25",
        "Tune/job-2": "0.8 · depth 7 · eta 0.5",
    }
    assert found.best(seen) == {"Tune/job-1"}


def test_an_execution_inside_shows_its_states_and_the_way_not_taken() -> None:
    machine = Graph("m", "stepfunctions", (Node("Start", "Start", "Task"), Node("End", "End", "Succeed")))
    names = ("Look", "Large?", "Yes")
    steps = tuple(StepSnapshot(name, "Pass", "Succeeded", 1.0, 2.0) for name in names)
    document = read_document(judge(), name="inner")
    inner = Inside(("Start",), "execution", "arn", "stepfunctions", "SUCCEEDED", steps, document=document)
    seen = snapshot(inside=(inner,))
    found = whole(machine, seen)
    states = found.states({}, seen)
    assert {node_id: state.status for node_id, state in states.items()} == {
        "Start/Look": "Succeeded",
        "Start/Large?": "Succeeded",
        "Start/Yes": "Succeeded",
        "Start/No": "NotTaken",
    }
    assert found.values(seen) == {"Start": "3 of 3 states"}
    assert Edge("Start", "Start/Look", "branch") in found.graph.edges


def test_names_that_meet_get_ids_of_their_own() -> None:
    graph = replace(GRAPH, nodes=(*GRAPH.nodes, Node("Tune/job-1", "Tune/job-1", "Processing")))
    ids = [node.id for node in whole(graph, trials(trial(1))).graph.nodes]
    assert len(set(ids)) == len(ids) == 4


def test_states_alone_leave_the_graph_as_it_is() -> None:
    assert shape(trials(trial(1))) == shape(trials(trial(1, "Failed")))
    assert shape(trials(trial(1))) != shape(trials(trial(1), trial(2)))


def test_what_cannot_be_looked_into_is_said() -> None:
    refused = Inside(("Tune",), "trials", "arn", "sagemaker", "", trouble="AccessDenied")
    assert progress(refused, 0) == "cannot be looked into"
    seen = snapshot(inside=(refused,))
    assert whole(GRAPH, seen).trouble("Tune", seen) == "AccessDenied"
    assert whole(GRAPH, seen).trouble("Prepare", seen) == ""
