from __future__ import annotations

from typing import Any

import pytest

from pipecell.declare.sagemaker_v2 import compile as compile_pipeline
from pipecell.errors import DeclarationError
from tests.unit.declare.conftest import Declare

IMPORTS = """
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join
from sagemaker.workflow.parameters import *
from sagemaker.workflow.pipeline import Pipeline
"""


def _parameters(declaration: Any) -> dict[str, Any]:
    return {
        parameter["Name"]: parameter.get("DefaultValue")
        for parameter in compile_pipeline(declaration).document.body["Parameters"]
    }


def _define(name: str, default: Any) -> str:
    return f"{IMPORTS}\n{name} = ParameterString('{name}', default_value={default!r})\n"


def test_found_in_the_order_of_the_definition_however_deep(cell: Declare) -> None:
    declaration = cell(
        IMPORTS
        + "a, b, c, unused = (ParameterString(n, default_value=n) for n in ('A', 'B', 'C', 'Unused'))\n"
        "FailStep('First', error_message=Join(on=' ', values=['x', Join(on='', values=[b, c])]))\n"
        "FailStep('Second', error_message=a)\n"
        "FailStep('Third', error_message=b.to_string())\n",
        "1",
    )
    assert list(_parameters(declaration)) == ["B", "C", "A"]


def test_all_types_with_their_facts(cell: Declare) -> None:
    declaration = cell(
        IMPORTS + "values = [ParameterString('S', default_value='x', enum_values=['x', 'y']), "
        "ParameterInteger('I', default_value=0), ParameterFloat('F', default_value=0.5), "
        "ParameterBoolean('B', default_value=False), ParameterString('NoDefault')]\n"
        "FailStep('Stop', error_message=Join(on=' ', values=values))\n",
        "1",
    )
    assert compile_pipeline(declaration).document.body["Parameters"] == [
        {"Name": "S", "Type": "String", "DefaultValue": "x", "EnumValues": ["x", "y"]},
        {"Name": "I", "Type": "Integer", "DefaultValue": 0},
        {"Name": "F", "Type": "Float", "DefaultValue": 0.5},
        {"Name": "B", "Type": "Boolean", "DefaultValue": False},
        {"Name": "NoDefault", "Type": "String"},
    ]


def test_a_parameter_of_a_plain_cell_is_found_too(cell: Declare) -> None:
    exec(_define("Uri", "plain"), cell.namespace)
    assert _parameters(cell("FailStep('Stop', error_message=Uri)", "1")) == {"Uri": "plain"}


def test_a_changed_default_reaches_steps_of_cells_that_did_not_run_again(cell: Declare) -> None:
    cell(_define("Uri", "old"), "1", 1)
    cell("FailStep('Stop', error_message=Uri)", "2", 2)
    assert _parameters(cell(_define("Uri", "new"), "1", 3)) == {"Uri": "new"}


def test_the_same_parameter_twice_is_one(cell: Declare) -> None:
    cell(_define("Uri", "same") + "FailStep('One', error_message=Uri)", "1")
    assert _parameters(cell(_define("Uri", "same") + "FailStep('Two', error_message=Uri)", "2")) == {
        "Uri": "same"
    }


def test_two_different_parameters_of_one_name(cell: Declare) -> None:
    cell(_define("Uri", "here") + "FailStep('One', error_message=Uri)", "1", 4)
    declaration = cell(_define("Uri", "there") + "FailStep('Two', error_message=Uri)", "2", 7)
    with pytest.raises(DeclarationError) as caught:
        compile_pipeline(declaration)
    assert caught.value.code == "PC601"
    assert "String, default 'here' in cell 4 and String, default 'there' in cell 7" in caught.value.message


def test_a_plain_parameter_that_differs_from_a_declared_one(cell: Declare) -> None:
    exec(_define("Uri", "plain"), cell.namespace)
    cell("FailStep('One', error_message=Uri)", "1")
    declaration = cell(_define("Uri", "declared") + "FailStep('Two', error_message=Uri)", "2", 2)
    with pytest.raises(DeclarationError, match="Uri"):
        compile_pipeline(declaration)


def test_without_cell_ids_the_later_definition_counts(cell: Declare) -> None:
    cell(_define("Uri", "old"))
    cell("FailStep('Stop', error_message=Uri)")
    assert _parameters(cell(_define("Uri", "new"))) == {"Uri": "new"}


def test_an_adopted_pipeline_keeps_its_own_list(cell: Declare) -> None:
    cell(_define("Uri", "old") + "Other = ParameterInteger('Other', default_value=1)", "1")
    cell("Pipeline('Census', parameters=[Other, Uri], steps=[FailStep('Stop', error_message=Uri)])", "2")
    declaration = cell(_define("Uri", "new") + "Other = ParameterInteger('Other', default_value=2)", "1")
    assert list(_parameters(declaration).items()) == [("Other", 2), ("Uri", "new")]


def test_odd_names(cell: Declare) -> None:
    declaration = cell(
        IMPORTS
        + "odd = ParameterString('Sch\\u00f6n \"x\\\\y', default_value='d')\n"
        + "FailStep('Stop', error_message=odd)",
        "1",
    )
    assert _parameters(declaration) == {'Sch\u00f6n "x\\y': "d"}
