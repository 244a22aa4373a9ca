"""Declared parameters and the values of a run."""

from typing import Any

import pytest

from pipecell.definition.document import Document, read_document
from pipecell.definition.parameters import Parameter, bind, declared, defaults
from pipecell.errors import UsageError


def document(*parameters: dict[str, Any]) -> Document:
    return read_document({"Version": "2020-12-01", "Parameters": list(parameters), "Steps": []}, name="P")


CENSUS = document(
    {"Name": "InstanceType", "Type": "String", "DefaultValue": "ml.m5.large"},
    {"Name": "Count", "Type": "Integer", "DefaultValue": 1},
    {"Name": "Threshold", "Type": "Float", "DefaultValue": 0.8},
    {"Name": "Debug", "Type": "Boolean", "DefaultValue": False},
    {"Name": "Status", "Type": "String", "DefaultValue": "A", "EnumValues": ["A", "B"]},
)


def test_declared_in_order() -> None:
    assert [p.name for p in declared(CENSUS)] == ["InstanceType", "Count", "Threshold", "Debug", "Status"]
    assert declared(CENSUS)[4] == Parameter("Status", "String", "A", ("A", "B"))
    assert defaults(CENSUS)["Count"] == 1


def test_a_state_machine_has_none() -> None:
    machine = read_document({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    assert declared(machine) == ()
    assert bind(machine, {}) == {}


@pytest.mark.parametrize(
    ("name", "given", "bound"),
    [
        ("Count", "2", 2),
        ("Count", 4.0, 4),
        ("Threshold", "1e-3", 0.001),
        ("Threshold", 1, 1.0),
        ("Debug", "True", True),
        ("InstanceType", 5, "5"),
        ("Status", "B", "B"),
    ],
)
def test_values_are_converted(name: str, given: object, bound: object) -> None:
    value = bind(CENSUS, {name: given})[name]
    assert value == bound
    assert type(value) is type(bound)


@pytest.mark.parametrize(
    ("values", "code", "says"),
    [
        ({"InstanceTyp": "x"}, "PC902", 'Did you mean "InstanceType"?'),
        ({"Count": "two"}, "PC903", 'takes an integer, not "two"'),
        ({"Count": 1.5}, "PC903", "not 1.5"),
        ({"Count": True}, "PC903", "not true"),
        ({"Threshold": "nan"}, "PC903", "takes a number"),
        ({"Debug": "yes"}, "PC903", "true or false"),
        ({"InstanceType": ["a"]}, "PC903", "takes a string"),
        ({"Status": "C"}, "PC904", "It is one of A, B."),
        ({"InstanceType": "x" * 1025}, "PC905", "1,025 characters"),
    ],
)
def test_wrong_values_say_what_is_right(values: dict[str, Any], code: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        bind(CENSUS, values)
    assert caught.value.code == code
    assert says in str(caught.value)


def test_missing_values_are_named_together() -> None:
    pipeline = document({"Name": "A", "Type": "String"}, {"Name": "B", "Type": "String"})
    with pytest.raises(UsageError, match="A and B have no default and no value"):
        bind(pipeline, {})
    assert bind(pipeline, {"A": "", "B": "b"}) == {"A": "", "B": "b"}
