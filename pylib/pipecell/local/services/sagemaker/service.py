"""SageMaker's service: every operation, and the work behind them put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipecell.local import runtimes
from pipecell.local.home import Home
from pipecell.local.json_service import JsonService, Operation
from pipecell.local.objects import ObjectStore
from pipecell.local.records.schema import register
from pipecell.local.services.sagemaker.executions import ExecutionOperations
from pipecell.local.services.sagemaker.experiments import ExperimentOperations
from pipecell.local.services.sagemaker.jobs import JobOperations
from pipecell.local.services.sagemaker.models import ModelOperations, container_of
from pipecell.local.services.sagemaker.pipelines import PipelineOperations
from pipecell.local.services.sagemaker.registry import RegistryOperations
from pipecell.local.services.sagemaker.tags import TagOperations
from pipecell.local.services.sagemaker.tuning import TuningOperations
from pipecell.local.store import Store
from pipecell.local.wire import RequestContext
from pipecell.local.work.jobs import OnEnd
from pipecell.local.work.lifecycle import Driver, Lifecycle
from pipecell.local.work.lifecycle.processes import PROCESS_KINDS, FindContainer, Processes
from pipecell.local.work.lifecycle.tuning import Tuner
from pipecell.local.work.pipelines.handler import Ended, Platform
from pipecell.local.work.pipelines.runner import Runner, default_parallelism
from pipecell.local.work.pipelines.steps import handlers


class SageMakerService(JsonService):
    """SageMaker's operations, and what runs jobs and executions.

    Args:
        home: where jobs run and images are mapped.
        store: the endpoint's state.
        objects: its S3.
        make_processes: makes what runs jobs: of the home, whom to tell of their ends, and models.
    """

    def __init__(
        self,
        home: Home,
        store: Store,
        objects: ObjectStore,
        make_processes: Callable[[Home, OnEnd, FindContainer], Processes] = Processes,
    ) -> None:
        register(store)
        self._home = home
        self._store = store
        self._clients: Callable[[str, str], Any] | None = None
        self._processes = make_processes(home, self._job_ended, self._container_of)
        tuner = Tuner(store, default_parallelism(), self._processes.refusal)
        drivers: dict[str, Driver] = {**dict.fromkeys(PROCESS_KINDS, self._processes), "tuning": tuner}
        self.lifecycle = Lifecycle(store, drivers)
        tuner.attach(self.lifecycle)
        known = handlers(self._check_image)
        platform = Platform(
            store=store,
            objects=objects,
            lifecycle=self.lifecycle,
            invoke=self._invoke,
            check=self._check,
            client=self._client,
            handlers=known,
            finish=self._finish,
        )
        self.runner = Runner(platform)
        self.lifecycle.listen(self.runner.job_ended)
        operations: dict[str, Operation] = {
            **PipelineOperations(store, objects).operations(),
            **ExecutionOperations(store, objects, self.runner, known).operations(),
            **TuningOperations(store, self.lifecycle).operations(),
            **ModelOperations(store, objects).operations(),
            **RegistryOperations(store, objects).operations(),
            **TagOperations(store).operations(),
            **ExperimentOperations(store).operations(),
        }
        for kind in PROCESS_KINDS:
            operations |= JobOperations(kind, store, self.lifecycle).operations()
        super().__init__("sagemaker", operations)

    def resume(self) -> None:
        """Take up every job and every execution that has not ended; called once at the start."""
        self._processes.resume()
        self.lifecycle.resume()
        self.runner.resume()

    def close(self) -> None:
        """Stop driving; jobs go on under their supervisors."""
        self.runner.close()
        self._processes.close()

    @property
    def processes(self) -> Processes:
        """What runs jobs as processes, for reading their logs."""
        return self._processes

    def _container_of(self, model: str) -> Mapping[str, Any] | None:
        return container_of(self._store.query, model)

    def _job_ended(self, kind: str, name: str) -> None:
        self.lifecycle.ended(kind, name)

    def _finish(self, execution_id: str, step: str, ended: Ended) -> bool:
        return self.runner.finish_step(execution_id, step, ended)

    def _invoke(self, operation: str, request: Mapping[str, Any], *, region: str) -> dict[str, Any]:
        return self.call(operation, request, RequestContext("sagemaker", operation, region=region))

    def _check(self, operation: str, request: Mapping[str, Any]) -> None:
        self.model.read_input(operation, request)

    def _check_image(self, image: Any, kind: str, request: Mapping[str, Any]) -> str | None:
        return runtimes.check_image(image, kind, self._home) if isinstance(image, str) else None

    def _client(self, service: str, region: str) -> Any:
        if self._clients is None:
            from pipecell.local.work.states.integrations.clients import Clients

            clients = Clients(self._home)
            self._clients = lambda name, where: clients.region(f"arn:aws:{name}:{where}:")(name)
        return self._clients(service, region)
