"""Every kind of step and template of the Step Functions SDK, and what it cannot say by itself."""

from __future__ import annotations

from typing import Any

import pytest

from pipecell.declare.notebook import compile_declaration
from pipecell.definition.checks import check
from pipecell.errors import DeclarationError
from tests.unit.declare.conftest import Declare

IMPORTS = """
from stepfunctions.steps import *
from stepfunctions.inputs import ExecutionInput
from stepfunctions.workflow import Workflow
"""
SAGEMAKER = (
    IMPORTS
    + """
import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.processing import Processor
from sagemaker.tuner import HyperparameterTuner, ContinuousParameter
role = 'arn:aws:iam::123456789012:role/r'
image = '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1'
given = ExecutionInput(schema={'Job': str, 'Model': str, 'Rounds': int, 'Deep': {'Flag': bool}})
estimator = Estimator(image, role, 1, 'ml.m5.large', output_path='s3://b/out')
estimator.set_hyperparameters(num_round=1)
processor = Processor(role, image, 1, 'ml.m5.large')
"""
)
SERVICES = """
services = [
    LambdaStep('Lambda', parameters={'FunctionName': 'f', 'Payload': {'x.$': '$'}}),
    GlueStartJobRunStep('Glue', parameters={'JobName': 'j'}),
    BatchSubmitJobStep('Batch', parameters={'JobName': 'j', 'JobQueue': 'q', 'JobDefinition': 'd'}),
    SnsPublishStep('Sns', parameters={'TopicArn': 't', 'Message': 'm'}),
    SqsSendMessageStep('Sqs', parameters={'QueueUrl': 'q', 'MessageBody': {'a': 1}}),
    DynamoDBGetItemStep('Get', parameters={'TableName': 't', 'Key': {'id': {'S': '1'}}}),
    DynamoDBPutItemStep('Put', parameters={'TableName': 't', 'Item': {'id': {'S': '1'}}}),
    DynamoDBUpdateItemStep('Update', parameters={'TableName': 't', 'Key': {'id': {'S': '1'}}}),
    DynamoDBDeleteItemStep('Delete', parameters={'TableName': 't', 'Key': {'id': {'S': '1'}}}),
    EmrCreateClusterStep('Cluster', parameters={'Name': 'c'}),
    EmrAddStepStep('Step', parameters={'ClusterId': 'c', 'Step': {'Name': 's'}}),
    EmrTerminateClusterStep('Terminate', parameters={'ClusterId': 'c'}),
    EventBridgePutEventsStep('Events', parameters={'Entries': [{'Source': 's', 'Detail': {}}]}),
    EcsRunTaskStep('Ecs', parameters={'TaskDefinition': 't'}),
]
Chain(services)
"""


def compiled(cell: Declare, source: str, **more: Any) -> Any:
    return compile_declaration(cell(source, "1", 3, **more))


def problems(document: Any) -> list[str]:
    return [str(problem) for problem in check(document) if problem.severity != "info"]


def test_the_steps_of_other_services(cell: Declare) -> None:
    document = compiled(cell, IMPORTS + SERVICES).document
    assert problems(document) == []
    calls = [state["Resource"].rsplit(":::", 1)[1] for state in document.body["States"].values()]
    assert {call.split(":")[0] for call in calls} == {
        "lambda", "glue", "batch", "sns", "sqs", "dynamodb", "elasticmapreduce", "events", "ecs",
    }  # fmt: skip


def test_the_steps_of_sagemaker(cell: Declare) -> None:
    source = (
        SAGEMAKER
        + """
tuner = HyperparameterTuner(estimator, 'validation:auc', {'eta': ContinuousParameter(0, 1)})
train = TrainingStep('Train', estimator=estimator, job_name=given['Job'], data={'train': 's3://b/x'})
Chain([
    ProcessingStep('Process', processor=processor, job_name=given['Job'], inputs=[], outputs=[]),
    TuningStep('Tune', tuner=tuner,
               job_name=given['Job'], data={'train': 's3://b/x'}),
    train,
    ModelStep('Model', model=train.get_expected_model(), model_name=given['Model'], result_path='$.model'),
    TransformStep('Transform', transformer=estimator.transformer(1, 'ml.m5.large'), job_name=given['Job'],
                  model_name=given['Model'], data='s3://b/x'),
    EndpointConfigStep('Config', endpoint_config_name=given['Model'], model_name=given['Model'],
                       initial_instance_count=1, instance_type='ml.m5.large'),
    EndpointStep('Endpoint', endpoint_name=given['Model'], endpoint_config_name=given['Model']),
])
"""
    )
    found = compiled(cell, source)
    assert problems(found.document) == []
    assert found.document.inputs == {
        "Job": "String",
        "Model": "String",
        "Rounds": "Integer",
        "Deep.Flag": "Boolean",
    }
    assert set(found.document.cells.values()) == {3}


def test_a_template_brings_its_input(cell: Declare) -> None:
    source = (
        SAGEMAKER
        + """
from stepfunctions.template.pipeline import TrainingPipeline
pipeline = TrainingPipeline(estimator=estimator, role=role, inputs='s3://b/x', s3_bucket='b')
pipeline.render_graph()
pipeline.create()
pipeline.execute()
"""
    )
    found = compiled(cell, source)
    assert list(found.document.body["States"]) == ["Training", "Create Model", "Configure Endpoint", "Deploy"]
    assert problems(found.document) == []
    assert found.input["Training"]["ResourceConfig"]["InstanceType"] == "ml.m5.large"


def test_the_inference_template(cell: Declare) -> None:
    source = (
        SAGEMAKER
        + """
from sagemaker.sklearn import SKLearn, SKLearnModel
from stepfunctions.template.pipeline import InferencePipeline
import pathlib
pathlib.Path('s.py').touch()
pre = SKLearn('s.py', framework_version='1.2-1', role=role, instance_type='ml.m5.large')
InferencePipeline(preprocessor=pre, estimator=estimator, inputs={'train': 's3://b/x', 'test': 's3://b/y'},
                  s3_bucket='b', role=role)
"""
    )
    document = compiled(cell, source).document
    assert "Train Preprocessor" in document.body["States"]
    assert problems(document) == []


def test_what_the_sdk_cannot_say_passes_through(cell: Declare) -> None:
    source = (
        IMPORTS
        + """
inner = Pass('Each', Output='{% $states.input %}')
call = Task('Call', resource='arn:aws:states:::lambda:invoke', Arguments={'FunctionName': 'f'},
            Output='{% $states.result.Payload %}', assign={'total': '{% 1 %}'}, QueryLanguage='JSONata')
call.add_retry(Retry(error_equals=['States.ALL'], max_attempts=2, JitterStrategy='FULL', max_delay_seconds=9))
many = Map('Many', iterator=inner, QueryLanguage='JSONata', Label='many', ToleratedFailurePercentage=5,
           ItemReader={'Resource': 'arn:aws:states:::s3:getObject', 'Arguments': {'Bucket': 'b', 'Key': 'k'}},
           ProcessorConfig={'Mode': 'DISTRIBUTED', 'ExecutionType': 'STANDARD'})
pick = Task('Pick', resource='arn:aws:states:::lambda:invoke', parameters={'FunctionName': 'f'},
            result_selector={'n.$': '$.Payload.n'})
inner.fields['query_language'] = 'JSONata'
Chain([call, pick, many])
"""
    )
    document = compiled(cell, source).document
    states = document.body["States"]
    assert problems(document) == []
    assert states["Call"]["Assign"] == {"total": "{% 1 %}"}
    assert states["Call"]["Retry"] == [
        {"ErrorEquals": ["States.ALL"], "MaxAttempts": 2, "JitterStrategy": "FULL", "MaxDelaySeconds": 9}
    ]
    assert states["Pick"]["ResultSelector"] == {"n.$": "$.Payload.n"}
    assert states["Many"]["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
    assert "Iterator" not in states["Many"]
    assert "ProcessorConfig" not in states["Many"]


def test_a_placeholder_inside_a_raw_field(cell: Declare) -> None:
    source = IMPORTS + "i = ExecutionInput(schema={'N': int})\nPass('A', Assign={'n': i['N']})\n"
    assert compiled(cell, source).document.body["States"]["A"]["Assign"] == {"n.$": "$$.Execution.Input['N']"}


def test_raw_fields_are_only_taken_in_a_cell(cell: Declare) -> None:
    cell(IMPORTS + "Pass('A', Assign={'n': 1})\n", "1")
    from stepfunctions.steps import Pass

    with pytest.raises(TypeError, match="not supported"):
        Pass("B", Assign={"n": 1})


@pytest.mark.parametrize(
    ("line", "says", "hint"),
    [
        (
            "TrainingStep('Train', estimator=estimator, data='s3://b/x')",
            "TrainingStep needs job_name.",
            "ExecutionInput",
        ),
        ("Pass('A', reslut_path='$.x')", 'The SDK knows no field "reslut_path"', "underscores"),
    ],
)
def test_what_a_constructor_lacks_or_does_not_know(cell: Declare, line: str, says: str, hint: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        cell(SAGEMAKER + line, "1", 5)
    assert (caught.value.code, caught.value.cell) == ("PC613", 5)
    assert says in caught.value.message
    assert hint in caught.value.hint


def test_a_type_error_of_the_user_s_own_stays_what_it_is(cell: Declare) -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        cell(IMPORTS + "Pass('A'); 1 + 'x'", "1")


def test_a_cell_asks_aws_nothing(cell: Declare) -> None:
    source = (
        IMPORTS
        + """
w = Workflow(name='Flow', definition=Chain([Pass('A')]), role='r')
w.render_graph(); w.list_executions(html=True); Workflow.list_workflows(html=True)
w.execute('named', {'a': 1}).render_progress()
"""
    )
    assert compiled(cell, source).input == {"a": 1}


def test_a_null_name_of_the_sdk_is_reported(cell: Declare) -> None:
    source = (
        SAGEMAKER
        + """
from sagemaker.processing import ProcessingInput
ProcessingStep('P', processor=processor, job_name=given['Job'],
               inputs=[ProcessingInput(source='s3://b/x', destination='/opt/ml/processing/x')], outputs=[])
"""
    )
    document = compiled(cell, source).document
    (problem,) = [problem for problem in check(document) if problem.severity == "error"]
    assert (problem.step, problem.cell) == ("P", 3)
    assert problem.path.endswith("ProcessingInputs[0].InputName")
