"""Amazon States Language: what its texts mean, whoever reads them.

Paths, intrinsic functions, JSONata expressions, task resources and the service integrations that exist. The
checks read a definition with these before a launch, and the local endpoint runs it with the same.
"""
