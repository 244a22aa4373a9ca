"""Operations on versions and aliases of state machines."""

from __future__ import annotations

import builtins
import re
import time
from typing import Any

from pipecell.local.services.states import arns, pages
from pipecell.local.services.states.catalogue import Catalogue, Facts, machine_missing
from pipecell.local.wire import RequestContext, ServiceError

_WHOLE = 100
_ALIAS_NAME = re.compile(r"(?=.*[a-zA-Z_\-.])[a-zA-Z0-9_\-.]+")


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def _not_found(arn: str) -> ServiceError:
    return ServiceError(
        "ResourceNotFound", f"Request references a resource that does not exist. '{arn}'", resourceName=arn
    )


class Versions:
    """Operations on versions and aliases.

    Args:
        catalogue: the rows.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    # -------------------------------------------------------------------------------- versions
    def publish(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """PublishStateMachineVersion: the same revision gives the same version."""
        arn = arns.parse(request["stateMachineArn"], "stateMachine").text
        machine = self._catalogue.machine(arn)
        wanted = request.get("revisionId")
        if wanted is not None and wanted != machine["revision"]:
            raise ServiceError(
                "ConflictException",
                f"Failed to publish the State Machine version for revision {wanted}. "
                f"The current State Machine revision is {machine['revision']}.",
            )
        with self._catalogue.store.transaction() as connection:
            version = self._catalogue.publish(connection, machine, request.get("description"))
        return {"stateMachineVersionArn": version["arn"], "creationDate": version["created"]}

    def list(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """ListStateMachineVersions, newest first."""
        arn = arns.parse(request["stateMachineArn"], "stateMachine").text
        self._catalogue.machine(arn)
        listed = [
            {"stateMachineVersionArn": version["arn"], "creationDate": version["created"]}
            for version in self._catalogue.versions(arn)
        ]
        return pages.page(request, "stateMachineVersions", listed)

    def delete(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """DeleteStateMachineVersion: not while an alias routes to it."""
        arn = arns.parse(request["stateMachineVersionArn"], "stateMachine").text
        version = self._catalogue.version(arn)
        if version is not None:
            using = [
                alias["name"]
                for alias in self._catalogue.aliases(version["machine_arn"])
                if any(route["stateMachineVersionArn"] == arn for route in alias["routes"])
            ]
            if using:
                raise ServiceError(
                    "ConflictException",
                    "Version to be deleted must not be referenced by an alias. "
                    f"Current list of aliases referencing this version: [{', '.join(using)}]",
                )
        self._catalogue.delete_version(arn)
        return {}

    # --------------------------------------------------------------------------------- aliases
    def create_alias(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """CreateStateMachineAlias: the same request again returns what is there."""
        name, routes = request["name"], request["routingConfiguration"]
        if not _ALIAS_NAME.fullmatch(name):
            raise _invalid(
                f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member"
                r" must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$"
            )
        machine = self._check_routes(routes)
        arn = f"{machine}:{name}"
        existing = self._catalogue.alias(arn)
        if existing is not None:
            same = _by_version(existing["routes"]) == _by_version(routes)
            if not same or existing.get("description") != request.get("description"):
                raise ServiceError(
                    "ConflictException",
                    "Failed to create alias because an alias with the same name and a different routing "
                    "configuration already exists.",
                )
            return {"stateMachineAliasArn": arn, "creationDate": existing["created"]}
        facts: Facts = {"arn": arn, "machine_arn": machine, "name": name, "routes": routes}
        facts["description"] = request.get("description")
        facts["created"] = facts["updated"] = time.time()
        self._catalogue.put_alias(facts)
        return {"stateMachineAliasArn": arn, "creationDate": facts["created"]}

    def _check_routes(self, routes: builtins.list[dict[str, Any]], machine: str | None = None) -> str:
        versions = [route["stateMachineVersionArn"] for route in routes]
        shown = f"[{', '.join(versions)}]"
        parsed = [arns.parse(version) for version in versions]
        if any(len(arn.names) != 2 or not arn.names[1].isdigit() for arn in parsed):  # noqa: PLR2004 - name and number
            raise _invalid(
                f"Routing configuration must contain state machine version ARNs. Received: {shown}"
            )
        if len(set(versions)) != len(versions):
            raise _invalid(
                f"Routing configuration must contain distinct state machine version ARNs. Received: {shown}"
            )
        owners = {arns.base(version) for version in versions}
        if len(owners) > 1 or (machine is not None and owners != {machine}):
            raise _invalid(
                f"Routing configuration must contain versions of the same state machine. Received: {shown}"
            )
        weights = [route["weight"] for route in routes]
        if sum(weights) != _WHOLE:
            raise _invalid(f"Sum of routing configuration weights must equal 100. Received: {weights}")
        for version in versions:
            if self._catalogue.version(version) is None:
                raise _not_found(version)
        return owners.pop()

    def update_alias(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """UpdateStateMachineAlias."""
        alias = self._alias(request["stateMachineAliasArn"])
        routes, description = request.get("routingConfiguration"), request.get("description")
        if routes is None and description is None:
            raise ServiceError(
                "ValidationException", "Either the description or the routing configuration must be specified"
            )
        if routes is not None:
            self._check_routes(routes, alias["machine_arn"])
            alias["routes"] = routes
        if description is not None:
            alias["description"] = description
        alias["updated"] = time.time()
        self._catalogue.put_alias(alias)
        return {"updateDate": alias["updated"]}

    def describe_alias(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """DescribeStateMachineAlias."""
        alias = self._alias(request["stateMachineAliasArn"])
        return {
            "stateMachineAliasArn": alias["arn"],
            "name": alias["name"],
            "description": alias.get("description"),
            "routingConfiguration": alias["routes"],
            "creationDate": alias["created"],
            "updateDate": alias["updated"],
        }

    def list_aliases(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """ListStateMachineAliases of a machine, or of one version."""
        arn = arns.parse(request["stateMachineArn"], "stateMachine")
        machine = arns.base(arn.text)
        self._catalogue.machine(machine)
        found = self._catalogue.aliases(machine)
        if len(arn.names) > 1:
            if self._catalogue.version(arn.text) is None:
                raise machine_missing(arn.text)
            found = [alias for alias in found if arn.text in _by_version(alias["routes"])]
        listed = [{"stateMachineAliasArn": alias["arn"], "creationDate": alias["created"]} for alias in found]
        return pages.page(request, "stateMachineAliases", listed)

    def delete_alias(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """DeleteStateMachineAlias: no error where there is none."""
        arn = arns.parse(request["stateMachineAliasArn"], "stateMachine").text
        self._catalogue.delete_alias(arn)
        return {}

    def _alias(self, arn: str) -> Facts:
        found = self._catalogue.alias(arns.parse(arn, "stateMachine").text)
        if found is None:
            raise _not_found(arn)
        return found


def _by_version(routes: list[dict[str, Any]]) -> dict[str, int]:
    return {route["stateMachineVersionArn"]: route["weight"] for route in routes}
