"""Jobs that are processes of this machine."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from pipecell.errors import EndpointError
from pipecell.local.credentials import Credentials
from pipecell.local.home import DEFAULT_REGION, Home
from pipecell.local.records import names
from pipecell.local.records.jobs import JobRecord
from pipecell.local.work import container
from pipecell.local.work.jobs import Jobs, JobSpec, JobStatus, OnEnd
from pipecell.local.work.lifecycle import descriptions
from pipecell.local.work.transform import transform_spec

MakeSpec = Callable[..., JobSpec]

_SPECS: Mapping[str, MakeSpec] = {
    "training": container.training_spec,
    "processing": container.processing_spec,
}

PROCESS_KINDS = (*_SPECS, "transform")
"""Kinds of jobs that are processes."""

FindContainer = Callable[[str], Mapping[str, Any] | None]
"""Returns the container of a model by its name, None when there is no such model."""


class Processes:
    """Runs training, processing and transform jobs under supervisors of their own.

    Args:
        home: where jobs are.
        on_end: told of each that has ended, by kind and name.
        find_container: finds the model of a transform job.
    """

    def __init__(self, home: Home, on_end: OnEnd, find_container: FindContainer) -> None:
        self._home = home
        self._find_container = find_container
        self._on_end = on_end
        self._made: Jobs | None = None
        self._lock = threading.Lock()

    @property
    def jobs(self) -> Jobs:
        """What supervises them; made at the first use, when the endpoint's address is known."""
        with self._lock:
            if self._made is None:
                self._made = Jobs(
                    self._home,
                    self._on_end,
                    environment=endpoint_environment(self._home),
                    kinds=PROCESS_KINDS,
                    keep=bool(os.environ.get("PIPECELL_KEEP_JOBS")),
                )
            return self._made

    def resume(self) -> None:
        """Take up every job that still needs attention; called once at the start."""
        self.jobs.resume()

    def close(self) -> None:
        """Stop watching; jobs that run go on."""
        with self._lock:
            if self._made is not None:
                self._made.close()

    def refusal(self, kind: str, request: Mapping[str, Any]) -> str | None:
        """Say why a request cannot run here, None when it can."""
        try:
            self._spec(kind, request, DEFAULT_REGION)
        except EndpointError as error:
            where = f" ({error.path})" if error.path else ""
            return f"{error.message}{where} {error.hint}".rstrip()
        return None

    def launch(self, job: JobRecord) -> None:
        """Start the job's supervisor, or do nothing where it was started before."""
        if not self.jobs.exists(job.kind, job.name):
            self.jobs.launch(self._spec(job.kind, job.request, names.region_of(job.arn)))

    def _spec(self, kind: str, request: Mapping[str, Any], region: str) -> JobSpec:
        if kind in _SPECS:
            return _SPECS[kind](request, self._home, region=region)
        container = self._find_container(request["ModelName"])
        if container is None:
            arn = names.arn(region, f"model/{request['ModelName']}")
            raise EndpointError(f'Could not find model "{arn}".', code="PC832")
        return transform_spec(request, container, self._home, region=region)

    def stop(self, job: JobRecord) -> None:
        """Ask the job's processes to end."""
        self.jobs.stop(job.kind, job.name)

    def status(self, job: JobRecord) -> JobStatus:
        """Return how far the job has come."""
        return self.jobs.status(job.kind, job.name)

    def describe(self, job: JobRecord, status: JobStatus) -> dict[str, Any]:
        """Return what AWS's Describe operation answers."""
        return descriptions.describe(job, status)


def endpoint_environment(home: Home) -> dict[str, str]:
    """Return the variables by which a job's own AWS clients reach this endpoint.

    They are empty before the endpoint has said where it listens.
    """
    try:
        endpoint = json.loads(home.endpoint_file.read_bytes())["endpoint"]
    except (OSError, ValueError, KeyError):
        return {}
    pair = Credentials.load(home).pair
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": pair.access_key,
        "AWS_SECRET_ACCESS_KEY": pair.secret_key,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
