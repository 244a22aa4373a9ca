"""The Step Functions API on the wire: one table from operation to method."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from pipecell.local.json_service import JsonService
from pipecell.local.services.states import notices
from pipecell.local.services.states.activities import Activities
from pipecell.local.services.states.catalogue import Catalogue
from pipecell.local.services.states.executions import Executions
from pipecell.local.services.states.inspection import Inspection
from pipecell.local.services.states.machines import Machines
from pipecell.local.services.states.versions import Versions
from pipecell.local.store import Store
from pipecell.local.wire import Request, RequestContext, Response, ServiceError
from pipecell.local.work.states.contracts import Integrations
from pipecell.local.work.states.engine import Engine
from pipecell.local.work.states.frames import Execution

PutEvent = Callable[[str, Callable[[], dict[str, Any]]], None]
_LOG = logging.getLogger(__name__)


class StatesService:
    """Step Functions behind the port.

    Args:
        store: the endpoint's state.
        integrations: what carries tasks out.
        on_address: told the endpoint's address as the first client named it.
        put_event: puts an event on a region's default bus of EventBridge.
    """

    def __init__(
        self,
        store: Store,
        integrations: Integrations,
        on_address: Callable[[str], None] | None = None,
        put_event: PutEvent = lambda _region, _event: None,
    ) -> None:
        self._on_address, self._put_event = on_address, put_event
        catalogue = Catalogue(store)
        self.engine = Engine(
            store,
            integrations,
            activity_exists=lambda arn: catalogue.activity(arn) is not None,
            describe=self._describe,
            on_change=self._tell,
        )
        machines, versions = Machines(catalogue, integrations), Versions(catalogue)
        executions, activities = Executions(catalogue, self.engine), Activities(catalogue, self.engine)
        inspection = Inspection(integrations)
        self._executions = executions
        self.table = JsonService(
            "stepfunctions",
            {
                "CreateActivity": activities.create,
                "CreateStateMachine": machines.create,
                "CreateStateMachineAlias": versions.create_alias,
                "DeleteActivity": activities.delete,
                "DeleteStateMachine": machines.delete,
                "DeleteStateMachineAlias": versions.delete_alias,
                "DeleteStateMachineVersion": versions.delete,
                "DescribeActivity": activities.describe,
                "DescribeExecution": executions.describe,
                "DescribeMapRun": executions.describe_map_run,
                "DescribeStateMachine": machines.describe,
                "DescribeStateMachineAlias": versions.describe_alias,
                "DescribeStateMachineForExecution": executions.describe_machine,
                "GetActivityTask": activities.take,
                "GetExecutionHistory": executions.history,
                "ListActivities": activities.list,
                "ListExecutions": executions.list,
                "ListMapRuns": executions.list_map_runs,
                "ListStateMachineAliases": versions.list_aliases,
                "ListStateMachineVersions": versions.list,
                "ListStateMachines": machines.list,
                "ListTagsForResource": machines.list_tags,
                "PublishStateMachineVersion": versions.publish,
                "RedriveExecution": executions.redrive,
                "SendTaskFailure": activities.fail,
                "SendTaskHeartbeat": activities.heartbeat,
                "SendTaskSuccess": activities.succeed,
                "StartExecution": executions.start,
                "StartSyncExecution": executions.start_sync,
                "StopExecution": executions.stop,
                "TagResource": machines.tag,
                "TestState": inspection.test_state,
                "UntagResource": machines.untag,
                "UpdateMapRun": executions.update_map_run,
                "UpdateStateMachine": machines.update,
                "UpdateStateMachineAlias": versions.update_alias,
                "ValidateStateMachineDefinition": machines.validate,
            },
        )

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        if self._on_address is not None:
            self._on_address(request.base_url)
            self._on_address = None
        return self.table.handle(request)

    def warm(self) -> None:
        """Read AWS's description of the service."""
        self.table.warm()

    def resume(self) -> None:
        """Take up what was under way when the last process ended."""
        self.engine.resume()

    def close(self) -> None:
        """Stop; what runs is taken up by the next process."""
        self.engine.close()

    def _tell(self, execution: Execution) -> None:
        """Say on EventBridge that a standard execution's status changed."""
        if execution.express or "/" in execution.machine_arn:  # a slash: an item of a distributed Map
            return
        try:
            region = execution.arn.split(":")[3]
            self._put_event(region, lambda: notices.status_change(self._describe(execution.arn)))
        except Exception:
            _LOG.exception("No event told of the change of %s.", execution.arn)

    def _describe(self, arn: str) -> dict[str, Any]:
        try:
            context = RequestContext("states", "DescribeExecution")
            return self._executions.describe({"executionArn": arn}, context)
        except ServiceError:
            # It was never started, or is express: whoever awaits it finds out from its own call.
            return {"status": "RUNNING"}
