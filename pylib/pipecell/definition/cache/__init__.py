"""Step caching: what identifies a step's work, and whether an earlier result may stand for it.

AWS compares, by type of step, the arguments that decide the result (not where outputs go or on which
instance it runs), within one pipeline, and takes the most recent success that is young enough. The
local endpoint is stricter in two ways: uploaded code counts by its content, not by its address, so
that the same code uploaded again is the same; and an earlier result is taken only while what it left
in S3 is still there, unchanged. The endpoint and `plan` both decide with this package.
Source: SageMaker developer guide, "Caching pipeline steps" and "Default cache key attributes by
pipeline step type".
"""
