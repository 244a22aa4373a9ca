"""Cells that are jobs: a ``%%step`` cell read into plain values, before any SDK is asked.

`reading` turns a cell into a `StepCell`; `assembly` gives the cells of one pipeline to
``sagemaker_v2.jobs``, which writes the SDK's own step objects. There is no other model of a step.
"""
