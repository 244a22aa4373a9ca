"""The optimized service integrations of Step Functions: which actions and patterns each has."""

from __future__ import annotations

SYNC, SYNC2, TOKEN = "sync", "sync:2", "waitForTaskToken"

#: service → action → patterns beyond plain request and response.
ACTIONS: dict[str, dict[str, frozenset[str]]] = {
    "apigateway": {"invoke": frozenset({TOKEN})},
    "athena": {
        "startQueryExecution": frozenset({SYNC}),
        "stopQueryExecution": frozenset(),
        "getQueryExecution": frozenset(),
        "getQueryResults": frozenset(),
    },
    "batch": {"submitJob": frozenset({SYNC})},
    "bedrock": {
        "invokeModel": frozenset(),
        "createModelCustomizationJob": frozenset({SYNC}),
    },
    "codebuild": {
        "startBuild": frozenset({SYNC}),
        "stopBuild": frozenset(),
        "batchDeleteBuilds": frozenset(),
        "batchGetReports": frozenset(),
        "startBuildBatch": frozenset({SYNC}),
        "stopBuildBatch": frozenset(),
        "retryBuildBatch": frozenset({SYNC}),
        "deleteBuildBatch": frozenset(),
    },
    "databrew": {"startJobRun": frozenset({SYNC})},
    "dynamodb": {
        "getItem": frozenset(),
        "putItem": frozenset(),
        "updateItem": frozenset(),
        "deleteItem": frozenset(),
    },
    "ecs": {"runTask": frozenset({SYNC, TOKEN})},
    "eks": {
        "createCluster": frozenset({SYNC}),
        "deleteCluster": frozenset({SYNC}),
        "createNodegroup": frozenset({SYNC}),
        "deleteNodegroup": frozenset({SYNC}),
        "createFargateProfile": frozenset({SYNC}),
        "deleteFargateProfile": frozenset({SYNC}),
        "runJob": frozenset({SYNC}),
        "call": frozenset(),
    },
    "elasticmapreduce": {
        "createCluster": frozenset({SYNC}),
        "terminateCluster": frozenset({SYNC}),
        "addStep": frozenset({SYNC}),
        "cancelStep": frozenset(),
        "setClusterTerminationProtection": frozenset(),
        "modifyInstanceFleetByName": frozenset(),
        "modifyInstanceGroupByName": frozenset(),
    },
    "emr-containers": {
        "createVirtualCluster": frozenset(),
        "deleteVirtualCluster": frozenset({SYNC}),
        "startJobRun": frozenset({SYNC}),
    },
    "emr-serverless": {
        "createApplication": frozenset({SYNC}),
        "startApplication": frozenset({SYNC}),
        "stopApplication": frozenset({SYNC}),
        "deleteApplication": frozenset({SYNC}),
        "startJobRun": frozenset({SYNC}),
        "cancelJobRun": frozenset({SYNC}),
    },
    "events": {"putEvents": frozenset({TOKEN})},
    "glue": {"startJobRun": frozenset({SYNC})},
    "http": {"invoke": frozenset()},
    "lambda": {"invoke": frozenset({TOKEN})},
    "mediaconvert": {"createJob": frozenset({SYNC})},
    "sagemaker": {
        "createEndpoint": frozenset(),
        "createEndpointConfig": frozenset(),
        "createHyperParameterTuningJob": frozenset({SYNC}),
        "createLabelingJob": frozenset({SYNC}),
        "createModel": frozenset(),
        "createProcessingJob": frozenset({SYNC}),
        "createTrainingJob": frozenset({SYNC}),
        "createTransformJob": frozenset({SYNC}),
        "updateEndpoint": frozenset(),
    },
    "sns": {"publish": frozenset({TOKEN})},
    "sqs": {"sendMessage": frozenset({TOKEN})},
    "states": {"startExecution": frozenset({SYNC, SYNC2, TOKEN})},
}
