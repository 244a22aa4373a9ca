"""A definition that uses every function, condition and way of naming that a definition may."""

from __future__ import annotations

from typing import Any

from pipecell.definition import Document, read_document

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/PipelineRole"
IMAGE = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/my-image:1"


def join(*values: Any, on: str = "/") -> dict[str, Any]:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def get(text: str) -> dict[str, str]:
    return {"Get": text}


PREPARE: dict[str, Any] = {
    "Name": "Prepare-Data",
    "Type": "Processing",
    "DisplayName": 'says "hello"',
    "Description": join("a", get("Parameters.Count")),
    "CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"},
    "PropertyFiles": [{"PropertyFileName": "Report", "OutputName": "out", "FilePath": "r.json"}],
    "RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 2}],
    "Arguments": {
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": get("Parameters.Instance"),
                "InstanceCount": 1,
                "VolumeSizeInGB": 30,
                "VolumeKmsKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/abc-1",
            }
        },
        "AppSpecification": {"ImageUri": IMAGE, "ContainerArguments": ["--x", "${not a reference}", "ü"]},
        "RoleArn": ROLE,
        "ProcessingInputs": [
            {"InputName": "raw", "S3Input": {"S3Uri": get("Parameters.Input"), "LocalPath": "/x"}},
            {"InputName": "code", "S3Input": {"S3Uri": "s3://code/a.py", "LocalPath": "/c"}},
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": join("s3://out/runs", get("Execution.PipelineExecutionId"), "x"),
                        "LocalPath": "/o",
                    },
                }
            ]
        },
    },
}
TRAIN: dict[str, Any] = {
    "Name": "Train",
    "Type": "Training",
    "DependsOn": ["Prepare-Data"],
    "Arguments": {
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://models/here"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "RoleArn": ROLE,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {
                        "S3Uri": get(
                            "Steps.Prepare-Data.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri"
                        )
                    }
                },
            }
        ],
        "HyperParameters": {"eta": "0.1", "none": None},
        "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    },
}
SCORE = {"Std:JsonGet": {"PropertyFile": get("Steps.Prepare-Data.PropertyFiles.Report"), "Path": "a.b"}}
FROM_S3 = {"Std:JsonGet": {"S3Uri": join(get("Parameters.Input"), "m.json"), "Path": "x[0]"}}
DECIDE: dict[str, Any] = {
    "Name": "class",
    "Type": "Condition",
    "Arguments": {
        "Conditions": [
            {"Type": "GreaterThanOrEqualTo", "LeftValue": SCORE, "RightValue": get("Parameters.Least")},
            {"Type": "In", "QueryValue": get("Parameters.Instance"), "Values": ["a", "b"]},
            {
                "Type": "Or",
                "Conditions": [
                    {"Type": "Equals", "LeftValue": FROM_S3, "RightValue": True},
                    {"Type": "LessThan", "LeftValue": get("Parameters.Count"), "RightValue": 3},
                ],
            },
        ],
        "IfSteps": [
            {
                "Name": "Register",
                "Type": "RegisterModel",
                "Arguments": {
                    "ModelPackageGroupName": "Group",
                    "InferenceSpecification": {
                        "Containers": [
                            {
                                "Image": IMAGE,
                                "ModelDataUrl": get("Steps.Train.ModelArtifacts.S3ModelArtifacts"),
                            }
                        ]
                    },
                },
            },
            {
                "Name": "inner",
                "Type": "Condition",
                "Arguments": {
                    "Conditions": [],
                    "IfSteps": [],
                    "ElseSteps": [
                        {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": join("no", on=" ")}}
                    ],
                },
            },
        ],
        "ElseSteps": [
            {
                "Name": "Tell",
                "Type": "Lambda",
                "Arguments": {"x": get("Execution.SomethingNew")},
                "FunctionArn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:tell",
                "OutputParameters": [{"OutputName": "said", "OutputType": "String"}],
            },
            {
                "Name": "Ask",
                "Type": "Callback",
                "Arguments": {"said": get("Steps.Tell.OutputParameters['said']")},
                "SqsQueueUrl": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/questions",
                "OutputParameters": [],
            },
            {"Name": "Odd", "Type": "EMR", "Arguments": {"ClusterId": "j-1", "A": [{"B": []}]}},
        ],
    },
}


def everything() -> Document:
    return read_document(
        {
            "Version": "2020-12-01",
            "Metadata": {},
            "Parameters": [
                {"Name": "Input", "Type": "String", "DefaultValue": "s3://in/raw"},
                {
                    "Name": "Instance",
                    "Type": "String",
                    "DefaultValue": "ml.m5.large",
                    "EnumValues": ["a", "b"],
                },
                {"Name": "Count", "Type": "Integer", "DefaultValue": 2},
                {"Name": "Least", "Type": "Float", "DefaultValue": 0.8},
                {"Name": "Flag", "Type": "Boolean", "DefaultValue": False},
                {"Name": "for", "Type": "String"},
            ],
            "PipelineExperimentConfig": {
                "ExperimentName": get("Execution.PipelineName"),
                "TrialName": get("Execution.PipelineExecutionId"),
            },
            "Steps": [DECIDE, TRAIN, PREPARE],
        },
        name="Everything",
    )


def machine() -> Document:
    jobs = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {"RoleArn": ROLE, "TrainingJobName.$": "$$.Execution.Name"},
        "Next": "Each",
    }
    tell = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "tell", "Payload.$": "$"},
        "End": True,
    }
    look = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sagemaker:describePipelineExecution",
        "Parameters": {},
        "Next": "Tell",
    }
    return read_document(
        {
            "StartAt": "Train",
            "States": {
                "Train": jobs,
                "Each": {
                    "Type": "Map",
                    "ItemProcessor": {"StartAt": "Look", "States": {"Look": look, "Tell": tell}},
                    "End": True,
                },
            },
        },
        name="Machine",
    )
