"""Running SageMaker pipelines: a pure walk over the steps, and the durable effects around it."""
