"""What carries tasks out: services through the endpoint's own port, items and results through objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pipecell.definition.asl.resources import Resource, parse_resource
from pipecell.local.work.states.contracts import Done, Submitted, TaskRequest
from pipecell.local.work.states.failure import TASK_FAILED, Failure
from pipecell.local.work.states.integrations import (
    executions,
    functions,
    glue,
    jobs,
    objects,
    services,
    stand_ins,
)
from pipecell.local.work.states.integrations.clients import Clients

if TYPE_CHECKING:
    from pipecell.local.home import Home
    from pipecell.local.objects import ObjectStore
    from pipecell.local.work.commands import Commands


class EndpointIntegrations:
    """Tasks as requests to this endpoint.

    Args:
        home: where the endpoint's address and secret are.
        store: the objects of S3.
        commands: runs what stands in for tasks.
        implements: whether the endpoint has an operation of a service, by botocore's names.
    """

    def __init__(
        self,
        home: Home,
        store: ObjectStore,
        commands: Commands,
        implements: Callable[[str, str], bool] = lambda _service, _operation: True,
    ) -> None:
        self.implements = implements
        self.clients = Clients(home)
        self._home, self._store, self._commands = home, store, commands

    def perform(self, request: TaskRequest) -> Done | Submitted:  # noqa: PLR0911 -- one for each
        """Begin a task, and end it where its service answers at once."""
        resource = _resource(request)
        client = self.clients.region(request.execution_arn)
        if resource.kind == "function":
            return functions.invoke_arn(client, request)
        if not resource.sdk:
            command = stand_ins.find(self._home, resource)
            if command is not None:
                return stand_ins.start(self._home, self._commands, command, request)
            if resource.service == "glue" and resource.sync:
                return glue.start(client, resource, request)
            if resource.service == "lambda":
                return functions.invoke(client, resource, request)
            if resource.service == "states":
                return executions.start(client, resource, request)
            if resource.service == "sagemaker" and resource.sync:
                return jobs.start(client, resource, request)
        return services.call(client, resource, request)

    def poll(self, request: TaskRequest) -> Done | None:
        """Look after a job of a ``.sync`` task."""
        if "command" in request.job:
            return stand_ins.poll(self._commands, request)
        client = self.clients.region(request.execution_arn)
        return glue.poll(client, request) if "run" in request.job else jobs.poll(client, request)

    def cancel(self, request: TaskRequest) -> None:
        """Stop the job or execution of a ``.sync`` task."""
        resource = _resource(request)
        if resource.kind != "service" or not resource.sync:
            return
        client = self.clients.region(request.execution_arn)
        if resource.service == "states":
            executions.stop(client, request)
        elif request.job is not None and "command" in request.job:
            stand_ins.stop(self._commands, request)
        elif request.job is not None and "run" in request.job:
            glue.stop(client, request)
        elif request.job is not None:
            jobs.stop(client, request)

    def stand_in(self, resource: Resource) -> tuple[str, ...] | None:
        """Return the command that the user let stand in for a task."""
        return stand_ins.find(self._home, resource)

    def read_items(self, request: dict[str, Any]) -> list[Any]:
        """Return an ItemReader's items."""
        return objects.read(self._store, request)

    def write_results(self, request: dict[str, Any], results: list[dict[str, Any]]) -> dict[str, Any]:
        """Write a Map run's results to S3."""
        return objects.write(self._store, request, results)

    def execution_result(self, resource: str, described: dict[str, Any]) -> Done:
        """Return what ``startExecution.sync`` gives."""
        return executions.result(resource, described)


def _resource(request: TaskRequest) -> Resource:
    found = parse_resource(request.resource)
    if found is None:
        raise Failure(TASK_FAILED, f"The resource {request.resource} is not a task resource.")
    return found
