"""The container contract: what SageMaker's requests become inside of ``/opt/ml``.

`training_spec` and `processing_spec` turn a validated ``Create…Job`` request into a
`JobSpec`. What this machine cannot do is refused there, before anything runs; what
means nothing here is left out, and the job's log says so.
"""

from pipecell.local.work.processing import processing_spec
from pipecell.local.work.training import training_spec

__all__ = ["processing_spec", "training_spec"]
