"""Executions on SageMaker Pipelines and Step Functions, over AWS's own APIs."""
