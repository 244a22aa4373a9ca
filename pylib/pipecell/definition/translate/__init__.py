"""A SageMaker definition as a state machine: the same jobs with the same arguments, run by Step Functions.

`expressions` turns references into JSONata, `states` a step into states, `machine` the graph into an order.
What Step Functions has not (caching, pipeline experiments, steps of services that nobody integrated) is
left out where it changes no result, and refused where it would.
"""

from __future__ import annotations

from pipecell.definition.translate.machine import to_machine

__all__ = ["to_machine"]
