from __future__ import annotations

from typing import Any

import pytest

from tests.unit.definition.machines.parts import DONE, found, machine, one, only, task

INVOKE = {"FunctionName": "f"}


@pytest.mark.parametrize(
    ("body", "path", "hint"),
    [
        ({"Arguments": {}}, "Arguments", "Use Parameters"),
        ({"Output": {}}, "Output", "ResultSelector"),
        ({"QueryLanguage": "JSONata", "Parameters": {}}, "Parameters", "Use Arguments."),
        ({"QueryLanguage": "JSONata", "ResultPath": "$.x"}, "ResultPath", "Use Output or Assign."),
    ],
)
def test_fields_of_the_other_language(body: dict[str, Any], path: str, hint: str) -> None:
    problem = found(one("Parallel", Branches=[{"StartAt": "B", "States": {"B": DONE}}], **body), "PC163")[0]
    assert (problem.path, problem.severity) == (path, "error")
    assert hint in problem.hint


def test_texts_of_the_other_language_are_only_warned_of() -> None:
    assert only(one(Parameters={"a": "{% 1 %}"}), "PC163").severity == "warning"
    assert only(one(QueryLanguage="JSONata", Output={"a.$": "$.x"}), "PC163").severity == "warning"


def test_a_jsonpath_state_in_a_jsonata_machine() -> None:
    states = {"A": {"Type": "Pass", "QueryLanguage": "JSONPath", "End": True}}
    assert only(machine(states, QueryLanguage="JSONata"), "PC163").path == "QueryLanguage"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"InputPath": "a.b"}, "InputPath"),
        ({"OutputPath": "$.a["}, "OutputPath"),
        ({"Parameters": {"x": {"y.$": "input"}}}, "Parameters.x.y.$"),
        ({"Parameters": {"x.$": 3}}, "Parameters.x.$"),
        ({"ResultPath": "$.a[*]"}, "ResultPath"),
        ({"ResultPath": "$$.a"}, "ResultPath"),
        ({"Assign": {"v.$": "$.a b"}}, "Assign.v.$"),
    ],
)
def test_paths(body: dict[str, Any], path: str) -> None:
    assert only(one(**body), "PC164").path == path


@pytest.mark.parametrize(
    "path",
    ["$.a.[0].b", "$[?(@.state==done)].x", "$..a", "$.a[0:2]", "$['Create Model'].x", "$.a.length()", "$"],
)
def test_paths_that_aws_takes(path: str) -> None:
    assert found(one(InputPath=path)) == []


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("States.Formt('{}', $.x)", "There is no function States.Formt."),
        ("States.Format('{} {}', $.x)", "has 2 places {} for 1 values"),
        ("States.ArrayLength()", "takes 1 arguments, not 0"),
        ("States.MathAdd(States.ArrayLength($.a, 1), 1)", "takes 1 arguments, not 2"),
        ("States.Format('it's', $.x)", "cannot be read"),
        ("States.Array($.a", "cannot be read"),
    ],
)
def test_intrinsic_calls(call: str, says: str) -> None:
    assert says in only(one(Parameters={"x.$": call}), "PC165").message


def jsonata(text: str, **body: Any) -> Any:
    return one(QueryLanguage="JSONata", Output=text, **body)


def test_jsonata_that_cannot_be_parsed() -> None:
    problem = only(jsonata("{% $states.input.a + %}"), "PC166")
    assert (problem.severity, problem.path) == ("error", "Output")


def test_jsonata_with_something_around_it_is_text() -> None:
    assert only(jsonata(" {% 1 %}"), "PC166").severity == "warning"


def test_functions_of_jsonata() -> None:
    assert only(jsonata("{% $summ([1]) %}"), "PC166").hint == 'Did you mean "$sum"?'
    assert "$parse" in only(jsonata("{% $eval('1') %}"), "PC166").hint
    assert found(jsonata("{% ($f := function($x) { $x + $uuid() }; $f($hash('a', 'MD5'))) %}")) == []


def test_variables() -> None:
    assert only(jsonata("{% $total %}"), "PC167").message == "Nothing assigns the variable $total."
    assert only(one(Parameters={"x.$": "$total.sum"}), "PC167").path == "Parameters.x.$"
    assert only(one(Assign={"a-b": 1}), "PC168").path == "Assign.a-b"
    assert found(one(Assign={"states": 1}), "PC168")


def test_variables_are_seen_inside_a_map_but_not_in_a_distributed_one() -> None:
    inner = {
        "StartAt": "In",
        "States": {"In": {"Type": "Pass", "Parameters": {"x.$": "$limit"}, "End": True}},
    }
    distributed = {**inner, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    for processor, codes in ((inner, []), (distributed, ["PC167"])):
        states = {
            "A": {"Type": "Pass", "Assign": {"limit": 3}, "Next": "M"},
            "M": {"Type": "Map", "ItemProcessor": processor, "End": True},
        }
        assert [problem.code for problem in found(machine(states))] == codes


def test_results_are_known_only_afterwards() -> None:
    assert "no result" in only(jsonata("{% $states.result.x %}"), "PC169").hint
    early = task(QueryLanguage="JSONata", Arguments={**INVOKE, "Payload": "{% $states.result %}"})
    assert only(early, "PC169").path == "Arguments.Payload"
    assert found(task(QueryLanguage="JSONata", Arguments=INVOKE, Output="{% $states.result.Payload %}")) == []
