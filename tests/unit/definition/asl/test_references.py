"""Which state's data a state reads, beyond that of the state before it."""

from __future__ import annotations

from typing import Any

from pipecell.definition import read_document, read_graph
from pipecell.definition.asl.references import data_references


def found(states: dict[str, Any], **body: Any) -> list[tuple[str, str, str]]:
    document = read_document({"StartAt": next(iter(states)), "States": states, **body}, name="M")
    return [(each.source.name, each.target.name, each.label) for each in data_references(document)]


def test_places_that_a_state_before_wrote() -> None:
    states = {
        "A": {"Type": "Pass", "ResultPath": "$.train", "Next": "W"},
        "W": {"Type": "Wait", "SecondsPath": "$.train.pause", "Next": "B"},
        "B": {
            "Type": "Pass",
            "Parameters": {"x.$": "States.Format('{}', $.train.name)"},
            "ResultPath": "$.b",
            "Next": "C",
        },
        "C": {"Type": "Pass", "InputPath": "$.train['odd name']", "Next": "D"},
        "D": {"Type": "Pass", "InputPath": "$.train", "End": True},
    }
    assert found(states) == [
        ("A", "W", "train.pause"),
        ("A", "B", "train.name"),
        ("A", "C", "$['train']['odd name']"),
    ]


def test_a_place_that_is_written_again_is_the_later_state_s() -> None:
    states = {
        "A": {"Type": "Pass", "ResultPath": "$.x", "Next": "B"},
        "B": {"Type": "Pass", "ResultPath": "$.x", "Next": "C"},
        "C": {"Type": "Pass", "InputPath": "$.x", "End": True},
    }
    assert found(states) == [("B", "C", "x")]


def test_either_of_two_ways_may_have_written_it() -> None:
    states = {
        "If": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.q", "IsNull": True, "Next": "A"}],
            "Default": "B",
        },
        "A": {"Type": "Pass", "ResultPath": "$.x", "Next": "C"},
        "B": {"Type": "Pass", "ResultPath": "$.x", "Next": "C"},
        "C": {"Type": "Pass", "InputPath": "$.x", "End": True},
    }
    assert sorted(found(states)) == [("A", "C", "x"), ("B", "C", "x")]


def test_variables_in_both_languages_and_inside_a_map() -> None:
    inner = {
        "StartAt": "In",
        "States": {"In": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $most %}", "End": True}},
    }
    states = {
        "A": {"Type": "Pass", "Assign": {"most": 3, "least.$": "$.l"}, "Next": "M"},
        "M": {"Type": "Map", "MaxConcurrencyPath": "$least.n", "ItemProcessor": inner, "End": True},
    }
    assert found(states) == [("A", "M", "$least"), ("A", "In", "$most")]


def test_a_graph_lists_them_beside_its_transitions() -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"v": 1}, "ResultPath": "$.x", "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"a.$": "$v", "b.$": "$.x.y"}, "End": True},
    }
    graph = read_graph(read_document({"StartAt": "A", "States": states}, name="M"))
    assert [(edge.source, edge.target, edge.kind, edge.label) for edge in graph.references] == [
        ("A", "B", "data", "$v, x.y")
    ]
    assert len(graph.to_json()["edges"]) == len(graph.edges) + 1
