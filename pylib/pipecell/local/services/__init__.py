"""What AWS says on the wire, one room a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipecell.local.home import Home
    from pipecell.local.objects import ObjectStore
    from pipecell.local.store import Store
    from pipecell.local.wire import Handler


def registry(home: Home, store: Store, objects: ObjectStore) -> dict[str, Handler]:
    """Return the services by signing name; ``*`` answers for all that are not named.

    Args:
        home: a home that has been created.
        store: its state.
        objects: its objects.
    """
    from pipecell.local.credentials import Credentials
    from pipecell.local.services import functions, glue, logs, s3, sagemaker, states
    from pipecell.local.services.coverage import Coverage
    from pipecell.local.services.events import Events
    from pipecell.local.services.function_logs import FunctionLogs
    from pipecell.local.services.functions.runner import logs_folder
    from pipecell.local.services.identity import Iam, Sts
    from pipecell.local.services.others import Others
    from pipecell.local.work.commands import Commands

    others = Others(home, store)
    events = Events(others)
    jobs = sagemaker.build(home, store, objects)
    commands = Commands(home)
    services: dict[str, Handler] = {}
    coverage = Coverage(services, others)
    services |= {
        "*": others,
        "s3": s3.build(objects),
        "sts": Sts(Credentials.load(home), others),
        "iam": Iam(others),
        "events": events,
        "sagemaker": jobs,
        "logs": logs.build(store, jobs, FunctionLogs(logs_folder(home))),
        "lambda": functions.build(home, store, objects),
        "glue": glue.build(home, store, commands, others),
        "states": states.build(home, store, objects, commands, events.put, coverage.implements),
    }
    return services
