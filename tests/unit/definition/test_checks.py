"""Every rule: triggered by its own example, silent on definitions that are right."""

import json
from typing import Any

import pytest

from pipecell.definition import Document, read_document
from pipecell.definition.checks import RULES, Diagnostic, Rule, check
from pipecell.errors import DefinitionError
from scripts import make_checks_page
from tests.unit.golden.compare import definition


def document(*steps: dict[str, Any], name: str = "P", **body: Any) -> Document:
    return read_document({"Version": "2020-12-01", "Steps": list(steps), **body}, name=name)


def step(name: str, type_: str = "Training", /, **body: Any) -> dict[str, Any]:
    return {"Name": name, "Type": type_, "Arguments": {}, **body}


def processing(name: str = "Process", *outputs: str, **body: Any) -> dict[str, Any]:
    config = {"Outputs": [{"OutputName": output} for output in outputs or ("train", "validation", "test")]}
    return step(name, "Processing", Arguments={"ProcessingOutputConfig": config}, **body)


def reads(text: str, name: str = "Reader") -> dict[str, Any]:
    return step(name, Arguments={"In": {"Get": text}})


def problems(doc: Document) -> list[Diagnostic]:
    """What is wrong beside arguments and practice: the steps of these tests are skeletons."""
    return [d for d in check(doc) if not d.code.startswith(("PC22", "PC51"))]


def found(doc: Document, code: str) -> list[Diagnostic]:
    return [diagnostic for diagnostic in check(doc) if diagnostic.code == code]


def only(doc: Document, code: str) -> Diagnostic:
    diagnostics = found(doc, code)
    assert len(diagnostics) == 1, diagnostics
    return diagnostics[0]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_each_example_triggers_its_rule(rule: Rule) -> None:
    diagnostics = check(read_document(rule.example, name=rule.example_name), rule.files)
    assert rule.code in [diagnostic.code for diagnostic in diagnostics]


def test_codes_are_unique_and_reasons_given() -> None:
    codes = [rule.code for rule in RULES]
    assert len(set(codes)) == len(codes)
    assert all(rule.why.endswith(".") for rule in RULES)


def test_the_page_in_the_docs_says_what_the_rules_say() -> None:
    assert make_checks_page.PAGE.read_text(encoding="utf-8") == make_checks_page.page(), (
        "run scripts/make_checks_page.py"
    )


def test_census_has_no_problem_at_all() -> None:
    assert [d for d in check(definition("census.json")) if d.severity != "info"] == []


def test_a_diagnostic_reads_as_people_expect() -> None:
    arguments = {"ResourceConfig": {"InstanceType": "ml.m5.larg"}}
    doc = read_document(
        {"Version": "2020-12-01", "Steps": [step("CensusTrain", Arguments=arguments)]},
        cells={"CensusTrain": 4},
    )
    diagnostic = only(doc, "PC203")
    assert str(diagnostic) == (
        "PC203 error · step CensusTrain · Arguments.ResourceConfig.InstanceType — "
        '"ml.m5.larg" is not a training instance type. Did you mean "ml.m5.large"? (cell 4)'
    )
    assert json.loads(json.dumps(diagnostic.to_json())) == {
        "code": "PC203",
        "severity": "error",
        "step": "CensusTrain",
        "path": "Arguments.ResourceConfig.InstanceType",
        "message": '"ml.m5.larg" is not a training instance type.',
        "hint": 'Did you mean "ml.m5.large"?',
        "cell": 4,
    }


def test_errors_come_first_then_the_definitions_order() -> None:
    hard = {"ResourceConfig": {"InstanceType": "ml.m5.large"}}
    doc = document(step("A", Arguments=hard), reads("Steps.Gone.X", "B"), reads("Steps.Away.X", "C"))
    assert [(d.code, d.step) for d in problems(doc)] == [("PC102", "B"), ("PC102", "C"), ("PC501", "A")]


def test_an_unreadable_definition_as_a_diagnostic() -> None:
    with pytest.raises(DefinitionError) as caught:
        read_document('{"Version": "1", "Steps": [{"Type": "Fail"}]}')
    assert str(Diagnostic.of(caught.value)) == "PC003 error · Steps[0].Name — Name is missing."


def test_duplicate_names_across_branches() -> None:
    inner = {"Conditions": [], "IfSteps": [step("A")], "ElseSteps": []}
    diagnostic = only(document(step("A"), step("If", "Condition", Arguments=inner)), "PC101")
    assert "Steps[0] and Steps[1].Arguments.IfSteps[0]" in diagnostic.message


@pytest.mark.parametrize(
    ("name", "says"),
    [("my step", "a space"), ("a" * 65, "65 characters"), ("", "is empty"), ("Größe", "ß ö")],
)
def test_step_names(name: str, says: str) -> None:
    assert says in str(only(document(step(name)), "PC301"))


def test_the_file_name_never_makes_a_bad_pipeline_name() -> None:
    text = json.dumps({"Version": "2020-12-01", "Steps": []})
    doc = read_document(text, origin="folder/census_v2 (final).json")
    assert doc.name == "census-v2-final"
    assert check(doc) == []
    assert found(document(name="census_v2"), "PC302")


@pytest.mark.parametrize(
    ("reference", "code", "hint"),
    [
        ("Steps.Proces.ProcessingJobArn", "PC102", 'Did you mean "Process"?'),
        ("Execution.PipelineExecutionID", "PC104", 'Did you mean "PipelineExecutionId"?'),
        (
            "Steps.Process.ProcessingOutputConfig.Outputs['trane'].S3Output.S3Uri",
            "PC110",
            "It has train, validation, test.",
        ),
        ("Steps.Process.ModelArtifacts.S3ModelArtifacts", "PC107", "Known:"),
        ("Steps.Process.ProcessingJobArm", "PC107", 'Did you mean "ProcessingJobArn"?'),
        ("Parameters.Nope", "PC130", "It declares none."),
        ("Parameter.Nope", "PC112", "A Get begins with"),
        ("Steps.Process.Outputs['a", "PC112", ""),
    ],
)
def test_references(reference: str, code: str, hint: str) -> None:
    diagnostic = only(document(processing(), reads(reference)), code)
    assert (diagnostic.severity, diagnostic.step, diagnostic.path) == ("error", "Reader", "Arguments.In")
    assert hint in diagnostic.hint


def test_an_execution_variable_that_may_be_new_is_a_warning() -> None:
    assert only(document(reads("Execution.CostCentre")), "PC104").severity == "warning"


def test_depends_on() -> None:
    diagnostic = only(document(processing(), step("T", DependsOn=["process"])), "PC103")
    assert (diagnostic.path, diagnostic.hint) == ("DependsOn[0]", 'Did you mean "Process"?')


def test_outputs_of_lambda_steps() -> None:
    function = step("L", "Lambda", OutputParameters=[{"OutputName": "code", "OutputType": "String"}])
    assert found(document(function, reads("Steps.L.OutputParameters['status']")), "PC110")
    assert not problems(document(function, reads("Steps.L.OutputParameters['code']")))


def test_outputs_that_are_known_only_later_are_not_accused() -> None:
    config = {"Outputs": [{"OutputName": {"Get": "Parameters.Name"}}]}
    source = step("Process", "Processing", Arguments={"ProcessingOutputConfig": config})
    parameters = [{"Name": "Name", "Type": "String", "DefaultValue": "a"}]
    reader = reads("Steps.Process.ProcessingOutputConfig.Outputs['b'].S3Output.S3Uri")
    assert not problems(document(source, reader, Parameters=parameters))


def json_get(step_name: str, file: str) -> dict[str, Any]:
    return {
        "Std:JsonGet": {"PropertyFile": {"Get": f"Steps.{step_name}.PropertyFiles.{file}"}, "Path": "a.b"}
    }


def test_property_files() -> None:
    evaluation = processing(
        "Eval", "evaluation", PropertyFiles=[{"PropertyFileName": "Report", "OutputName": "evaluation"}]
    )
    fail = step("F", "Fail", Arguments={"ErrorMessage": json_get("Eval", "Reprot")})
    assert 'Did you mean "Report"?' in only(document(evaluation, fail), "PC105").hint
    right = step("F", "Fail", Arguments={"ErrorMessage": json_get("Eval", "Report")})
    assert not problems(document(evaluation, right))
    wrong_output = processing("Eval", "x", PropertyFiles=evaluation["PropertyFiles"])
    assert only(document(wrong_output, right), "PC106").path == "PropertyFiles[0].OutputName"


@pytest.mark.parametrize(
    ("waits", "message"),
    [
        ({"A": ["A"]}, "A waits for itself."),
        ({"A": ["B"], "B": ["C"], "C": ["A"]}, "Steps wait for each other: C → B → A → C."),
    ],
)
def test_cycles_are_shown(waits: dict[str, list[str]], message: str) -> None:
    steps = [step(name, DependsOn=others) for name, others in waits.items()]
    assert only(document(*steps, step("Z", DependsOn=["A"])), "PC140").message == message


def test_each_cycle_once() -> None:
    waits = {"A": ["B"], "B": ["A"], "C": ["D"], "D": ["C", "A"], "E": ["C"]}
    steps = [step(name, DependsOn=others) for name, others in waits.items()]
    assert len(found(document(*steps), "PC140")) == 2


def test_a_condition_that_waits_for_its_own_branch() -> None:
    test = {"Type": "Equals", "LeftValue": {"Get": "Steps.In.TrainingJobArn"}, "RightValue": 1}
    inner = {"Conditions": [test], "IfSteps": [step("In")], "ElseSteps": []}
    assert "In" in only(document(step("If", "Condition", Arguments=inner)), "PC140").message


def test_forward_references_are_right() -> None:
    assert not problems(document(reads("Steps.Late.TrainingJobName"), step("Late")))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Type": "Integer", "DefaultValue": "1"}, "PC132"),
        ({"Type": "Integer", "DefaultValue": 1.5}, "PC132"),
        ({"Type": "Boolean", "DefaultValue": 1}, "PC132"),
        ({"Type": "String", "DefaultValue": "c", "EnumValues": ["a", "b"]}, "PC132"),
        ({"Type": "String", "DefaultValue": "x" * 1025}, "PC132"),
        ({"Type": "Strin"}, "PC131"),
    ],
)
def test_parameter_faults(fields: dict[str, Any], code: str) -> None:
    assert only(document(Parameters=[{"Name": "N", **fields}]), code).severity == "error"


@pytest.mark.parametrize(
    "fields",
    [
        {"Type": "String"},
        {"Type": "String", "DefaultValue": ""},
        {"Type": "Float", "DefaultValue": 1},
        {"Type": "Boolean", "DefaultValue": False},
        {"Type": "Integer", "DefaultValue": 0},
    ],
)
def test_right_parameters(fields: dict[str, Any]) -> None:
    assert not problems(document(Parameters=[{"Name": "N", **fields}]))


def test_parameter_names_twice() -> None:
    parameter = {"Name": "N", "Type": "String"}
    assert only(document(Parameters=[parameter, parameter]), "PC303").path == "Parameters[1].Name"


@pytest.mark.parametrize(
    ("type_", "arguments", "severity", "hint"),
    [
        (
            "Training",
            {"ResourceConfig": {"InstanceType": "m5.large"}},
            "error",
            'Did you mean "ml.m5.large"?',
        ),
        (
            "Transform",
            {"TransformResources": {"InstanceType": "ml.t3.medium"}},
            "error",
            "It is a processing",
        ),
        ("Training", {"ResourceConfig": {"InstanceType": "ml.x99.large"}}, "warning", "may be newer"),
        (
            "Processing",
            {"ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.huge"}}},
            "error",
            "ml.m5",
        ),
    ],
)
def test_instance_types(type_: str, arguments: dict[str, Any], severity: str, hint: str) -> None:
    diagnostic = only(document(step("S", type_, Arguments=arguments)), "PC203")
    assert diagnostic.severity == severity
    assert hint in diagnostic.hint


def test_a_wrong_default_is_told_once() -> None:
    arguments = {"ResourceConfig": {"InstanceType": {"Get": "Parameters.I"}}}
    parameters = [{"Name": "I", "Type": "String", "DefaultValue": "ml.m5.larg"}]
    doc = document(step("A", Arguments=arguments), step("B", Arguments=arguments), Parameters=parameters)
    assert 'the default of parameter "I"' in only(doc, "PC203").message


def test_hard_coded_instance_types_say_how_to_mend_them() -> None:
    arguments = {"ResourceConfig": {"InstanceType": "ml.p3.2xlarge"}}
    diagnostic = only(document(step("A", Arguments=arguments)), "PC501")
    assert diagnostic.severity == "warning"
    assert 'ParameterString("TrainingInstanceType", default_value="ml.p3.2xlarge")' in diagnostic.hint


@pytest.mark.parametrize(
    "condition",
    [
        {"Type": "Equal"},
        {"Type": "Equals", "LeftValue": 1},
        {"Type": "Not"},
        {"Type": "Or", "Conditions": [5]},
        5,
    ],
)
def test_conditions_that_cannot_be_decided(condition: Any) -> None:
    arguments = {"Conditions": [condition], "IfSteps": [], "ElseSteps": []}
    assert only(document(step("If", "Condition", Arguments=arguments)), "PC120").step == "If"


def machine(start: str, **states: Any) -> Document:
    return read_document({"StartAt": start, "States": states}, name="M")


def test_state_machines() -> None:
    assert not check(machine("A", A={"Type": "Pass", "Next": "B"}, B={"Type": "Succeed"}))
    wrong = machine("A", A={"Type": "Pass", "Next": "Finnish"}, Finish={"Type": "Succeed"})
    assert only(wrong, "PC150").hint == 'Did you mean "Finish"?'
    assert only(wrong, "PC151").step == "Finish"
    nowhere = machine("X", A={"Type": "Succeed"})
    assert only(nowhere, "PC150").path == "StartAt"
