"""A harness that kills the local endpoint at random instants and says what was lost.

One round is one execution of a pipeline with parallel branches, a step that loses its job and is retried, and
a condition, while a client puts objects. Meanwhile processes are killed with SIGKILL: the server, a
supervisor, a job, what stands between them (the nursery of supervisors, a sandbox), or everything at once.
Whoever is needed is started again, as a user would; a step whose own process was killed has failed as on
AWS, and the execution is retried. At the end `Round.check` compares what the endpoint says with what the jobs
themselves left in a file outside of the home.

``python -m tests.local.durability --rounds 200 --seed 1`` runs rounds and prints what happened, as
``make durability`` does.
"""
