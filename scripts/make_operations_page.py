"""Write ``docs/local-endpoint.md``: every operation of AWS's model and what the local endpoint does with it.

The operations are botocore's; what happens to each is asked from the services' own tables. Run it when either
has changed, ``python scripts/make_operations_page.py``: a test fails until what is done here stands on it.
What is said around the tables is written by hand.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import Loader

from pipecell.local.home import Home
from pipecell.local.json_service import JsonService
from pipecell.local.objects import ObjectStore
from pipecell.local.services import registry
from pipecell.local.services.functions.service import FunctionsService
from pipecell.local.services.s3.service import S3Service, Target
from pipecell.local.services.sagemaker.service import SageMakerService
from pipecell.local.services.states.service import StatesService
from pipecell.local.store import Store
from pipecell.local.wire import Request, ServiceError
from pipecell.local.work.contract import _MEANINGLESS
from pipecell.local.work.pipelines.refusals import _MANAGED
from pipecell.local.work.pipelines.steps import handlers

PAGE = Path(__file__).resolve().parent.parent / "docs" / "local-endpoint.md"
WIDTH = 110

TITLES = {
    "sagemaker": "Amazon SageMaker",
    "s3": "Amazon S3",
    "logs": "Amazon CloudWatch Logs",
    "stepfunctions": "AWS Step Functions",
    "lambda": "AWS Lambda",
}
SIGNING = {"stepfunctions": "states"}

_OTHER_HOSTS = {"CreateSession", "ListDirectoryBuckets", "WriteGetObjectResponse"}
"""Operations that clients send to S3 Express and S3 Object Lambda."""

_ACCEPTED = {"AddPermission", "PutBucketAcl", "PutObjectAcl"}

# Operations whose whole effect is a record that is given back: nothing on this machine acts on it.
_RECORDS = re.compile(r".*(Experiment|Trial|Tags|ModelPackage|ModelPackageGroup|Model|Models)s?")


@dataclass
class Operations:
    """What happens to the operations of one service.

    Attributes:
        runs: done as AWS does it.
        kept: accepted, kept and given back, without any other effect.
        accepted: answered, and that is all.
        inert: accepted while they ask for what holds anyway, else refused.
        refused: answered with an error that names the operation.
        elsewhere: of services with hosts of their own, which are not here.
    """

    runs: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    inert: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def all(self) -> list[str]:
        """Return the names of all operations."""
        lists = (self.runs, self.kept, self.accepted, self.inert, self.refused, self.elsewhere)
        return sorted(name for names in lists for name in names)


@contextlib.contextmanager
def services() -> Iterator[Mapping[str, Any]]:
    """Give the endpoint's services, on an empty home."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").create()
        store, objects = Store(home), ObjectStore(home)
        made = registry(home, store, objects)
        try:
            yield made
        finally:
            for service in made.values():
                getattr(service, "close", lambda: None)()
            objects.close()
            store.close()


@cache
def description_of(service: str) -> Mapping[str, Any]:
    """Return botocore's description of a service."""
    loaded: Mapping[str, Any] = Loader().load_service_model(service, "service-2")
    return loaded


def model_of(service: str) -> Mapping[str, Any]:
    """Return botocore's description of a service's operations, by name."""
    described: Mapping[str, Any] = description_of(service)["operations"]
    return described


def sort_operations(service: str, made: Mapping[str, Any]) -> Operations:
    """Ask a service what it does with each operation of its model."""
    sorted_ = Operations()
    handler = made[SIGNING.get(service, service)]
    for name, operation in sorted(model_of(service).items()):
        getattr(sorted_, _fate(handler, name, operation)).append(name)
    return sorted_


def _fate(handler: Any, name: str, operation: Mapping[str, Any]) -> str:
    if isinstance(handler, S3Service):
        return _fate_in_s3(handler, name, operation["http"])
    if isinstance(handler, FunctionsService):
        return _fate_of_function(handler, name, operation["http"])
    table = handler.table if isinstance(handler, StatesService) else handler
    assert isinstance(table, JsonService)  # noqa: S101 - for the type checker
    if name not in table.operations:
        return "refused"
    if isinstance(handler, SageMakerService) and _RECORDS.fullmatch(name):
        return "kept"
    return "runs"


def _fate_in_s3(service: S3Service, name: str, http: Mapping[str, str]) -> str:
    if name in _OTHER_HOSTS:
        return "elsewhere"
    path, _, query = http["requestUri"].partition("?")
    parameters = dict(part.partition("=")[::2] for part in query.split("&") if part)
    parameters |= {"uploadId": "1"} if "UploadId" in _query_members(name) else {}
    target = Target("b" if "{Bucket}" in path else "", "k" if "{Key" in path else "")
    try:
        operation: Any = service._find(Request(http["method"], path, parameters), target)
    except ServiceError:
        return "refused"
    room = operation.__qualname__
    if ".put" in room and "_inert" in room:
        return "inert"
    if name in _ACCEPTED:
        return "accepted"
    return "kept" if room.startswith("Settings.") else "runs"


def _query_members(name: str) -> set[str]:
    described = description_of("s3")
    shape = described["operations"][name].get("input", {}).get("shape")
    members = described["shapes"][shape]["members"] if shape else {}
    return {member for member, about in members.items() if about.get("location") == "querystring"}


def _fate_of_function(service: FunctionsService, name: str, http: Mapping[str, str]) -> str:
    path = re.sub(r"\{[^}]+\}", "x", http["requestUri"].partition("?")[0])
    for method, pattern, _route in service._routes:
        if method == http["method"] and pattern.fullmatch(path):
            return "accepted" if name in _ACCEPTED else "runs"
    return "refused"


# The page


def page() -> str:
    """Return the page's text."""
    parts = [HEAD.strip(), _pipelines()]
    with services() as made:
        for service, title in TITLES.items():
            parts.append(_section(title, service, sort_operations(service, made)))
    parts.append(TAIL.strip())
    return "\n\n".join(parts) + "\n"


def _section(title: str, service: str, found: Operations) -> str:
    words = {
        "runs": "**Run**",
        "kept": "**Accepted and kept**: given back, without any other effect",
        "accepted": "**Accepted** and of no effect: nobody is kept out of anything here",
        "inert": "**Accepted while they ask for what holds anyway**, else refused",
        "refused": f"**Refused** with {REFUSALS.get(service, '`UnknownOperationException`')}",
        "elsewhere": "**Of S3 Express and S3 Object Lambda**, which have hosts of their own and are not here",
    }
    lines = [
        f"## {title}",
        "",
        f"{len(found.all())} operations in the model `{service}` of botocore {botocore.__version__}.",
    ]
    for fate, text in words.items():
        names = getattr(found, fate)
        if names:
            lines += ["", f"{text} ({len(names)}):", "", _wrapped(names)]
    if service in NOTES:
        lines += ["", NOTES[service]]
    return "\n".join(lines)


def _pipelines() -> str:
    known = sorted(handlers(lambda *_: None))
    managed = sorted(_MANAGED)
    stand_in = sorted(set(known) & {"QualityCheck", "ClarifyCheck"})
    runs = [word for word in known if word not in stand_in]
    texts = [
        f"Steps that run: {', '.join(runs)}. Notebook jobs and `@step` functions are Training steps.",
        f"Steps that run a command which the user maps to their image: {', '.join(stand_in)}.",
        "Steps that are refused before anything runs, because they need a managed service: "
        f"{', '.join(managed)}.",
        "Fields of Create…Job that mean nothing on this machine are kept, given back and noted in one line "
        f"of the job's log: {', '.join(_MEANINGLESS)}.",
    ]
    return "\n\n".join(
        ["## Steps of pipelines and fields of jobs", *(textwrap.fill(text, WIDTH) for text in texts)]
    )


def _wrapped(names: list[str]) -> str:
    lines = [""]
    for name in names:
        word = f"`{name}`" + ("" if name == names[-1] else ",")
        if lines[-1] and len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


NOTES = {
    "s3": "Presigned URLs of signature versions 4 and 2 work, and so do presigned forms (`PostObject`),\n"
    "which are no operation of botocore's."
}
"""What the model of a service does not list."""

REFUSALS = {"s3": "`NotImplemented`"}

HEAD = """
# The local endpoint, operation by operation

The endpoint (`pipecell local start`) answers AWS's own clients on this machine. This page is written by
`scripts/make_operations_page.py`: the operations are those of botocore's models, and what happens to each is
asked from the tables that the services dispatch by. A test keeps it up to date, and another one calls what it
says is refused.

Every request to the services with JSON protocols is checked against AWS's shapes before its operation runs:
unknown keys, types, enums, patterns, lengths and what is missing. An operation that nothing implements is an
error of status 400 that names it, which no client retries. IAM and STS know the one user and the one role;
all other services are moto's, behind the same port; what they hold is kept, too.
"""

TAIL = """
## What survives a crash

State is in SQLite; objects, logs and artifacts are files under one home; and each job has a supervisor of its
own that outlives the server. What holds when processes are killed with SIGKILL at any instant:

- **The server**: jobs go on, the next start takes up every execution, and nothing that had ended runs again.
- **A supervisor**: its job's processes end with it, and the job runs again from a clean folder. A job that
  loses ten supervisors has failed with `InternalServerError`, which RetryPolicies know as
  `SageMaker.JOB_INTERNAL_ERROR`.
- **The job's own process**: the step has failed with exit code 137, as on AWS; RetryPipelineExecution goes on
  from it.

A script that is interrupted by such a kill may run twice; one whose result is recorded never does.
`make durability` kills processes at random instants in 200 runs, and looks for what was lost.

What holds when the disk or the clock is at fault:

- **The disk is full**: what would change something is refused with status 507, which no client retries; all
  can be read; results of jobs are written into room kept for them; the endpoint starts; what waits goes on
  when there is room again.
- **A database is damaged, cut off or emptied**: `PC807` names the file and the way out. Contents of objects
  are never cleaned up by an index that is damaged or not their own.
- **The home is of another version**: a newer one is refused (`PC802`), an older one is brought up to date.
- **The clock is set, or the machine sleeps**: `MaxRuntimeInSeconds` and billable seconds count time in which
  the machine ran.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
