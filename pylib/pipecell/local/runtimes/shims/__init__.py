"""On the path of every job, before the user's packages: modules that must not do their usual thing."""
