"""The verbs of ``local``: the endpoint on this machine."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from pipecell.commands.context import Context
from pipecell.commands.verb import Result
from pipecell.errors import UsageError
from pipecell.targets import local_target


def start(context: Context, values: argparse.Namespace) -> Result:
    """Start the endpoint unless it runs."""
    from pipecell.local import daemon

    info = daemon.start(_home(context), port=int(values.port or 0))
    return _status(context, f"The local endpoint runs at {info.endpoint}.")


def stop(context: Context, values: argparse.Namespace) -> Result:
    """Stop the endpoint; jobs go on, and nothing is lost."""
    from pipecell.local import daemon

    daemon.stop(_home(context))
    return _status(context, "The local endpoint is stopped.")


def status(context: Context, values: argparse.Namespace) -> Result:
    """Say whether the endpoint runs, and where."""
    return _status(context)


def env(context: Context, values: argparse.Namespace) -> Result:
    """Print what points a shell at the endpoint, starting it if needed."""
    from pipecell import targets

    variables = targets.environment(local_target(context.workspace.home))
    lines = [f"unset {name}" for name in targets.in_the_way()]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return Result(data=variables, text="\n".join(lines))


def reset(context: Context, values: argparse.Namespace) -> Result:
    """Remove everything that the endpoint keeps."""
    from pipecell.local import daemon

    daemon.reset(_home(context))
    return _status(context, "The local endpoint is empty.")


def map_image(context: Context, values: argparse.Namespace) -> Result:
    """Show the user's stand-ins for container images, add one or forget one."""
    from pipecell.local import runtimes

    home = _home(context)
    if values.image and values.remove:
        runtimes.unmap(home, values.image)
    elif values.image and values.command:
        runtimes.map_image(home, values.image, values.command)
    elif values.image:
        raise UsageError("map needs an image and a command.", code="PC911", hint="Or --remove.")
    found = [(each.pattern, shlex.join(each.command)) for each in runtimes.read_mappings(home)]
    return Result(
        data={"mappings": [{"image": image, "command": command} for image, command in found]},
        text="\n".join(f"{image}  {command}" for image, command in found) or "No image is mapped.",
    )


def _status(context: Context, sentence: str = "") -> Result:
    from pipecell.local import daemon

    found: dict[str, Any] = daemon.status(_home(context)).to_json()
    words = f"The local endpoint runs at {found['endpoint']} (process {found['pid']})."
    text = sentence or (words if found["running"] else "The local endpoint is not running.")
    return Result(data=found, text=f"{text}\nIts home is {found['home']}.")


def _home(context: Context) -> Any:
    from pipecell.local.home import Home

    return Home(context.workspace.home) if context.workspace.home else Home.default()
