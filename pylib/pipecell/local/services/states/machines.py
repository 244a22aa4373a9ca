"""Operations on state machines: create, update, describe, list, delete, validate, tags."""

from __future__ import annotations

import time
import uuid
from typing import Any

from pipecell.local.services.states import arns, pages
from pipecell.local.services.states.catalogue import Catalogue, Facts, machine_missing
from pipecell.local.wire import RequestContext, ServiceError
from pipecell.local.work.states import refusals, validation
from pipecell.local.work.states.contracts import Integrations
from pipecell.local.work.states.parse import machine_of
from pipecell.local.work.states.variable_references import references

_LOGGING_OFF = {"level": "OFF", "includeExecutionData": False}
_TRACING_OFF = {"enabled": False}
_COMPARED = ("definition", "type", "logging", "tracing", "encryption")
_MOST_DIAGNOSTICS = 100


def checked_definition(text: str, kind: str) -> str:
    """Return a definition that is sound.

    Raises:
        ServiceError: InvalidDefinition, in AWS's words.
    """
    problems = validation.validate(text, express=kind == "EXPRESS")
    if problems:
        listed = ", ".join(str(problem) for problem in problems)
        raise ServiceError("InvalidDefinition", f"Invalid State Machine Definition: '{listed}'")
    return text


class Machines:
    """Operations on state machines.

    Args:
        catalogue: the rows.
        integrations: know what can run here.
    """

    def __init__(self, catalogue: Catalogue, integrations: Integrations) -> None:
        self._catalogue, self._integrations = catalogue, integrations

    def create(self, request: dict[str, Any], context: RequestContext) -> dict[str, Any]:
        """CreateStateMachine: the same request again returns what is there."""
        if request.get("versionDescription") is not None and not request.get("publish"):
            raise ServiceError(
                "ValidationException", "Version description can only be set when publish is true"
            )
        name, kind = arns.check_name(request["name"]), request.get("type", "STANDARD")
        arn = arns.machine_arn(context.region, name)
        facts: Facts = {
            "arn": arn,
            "name": name,
            "type": kind,
            "definition": checked_definition(request["definition"], kind),
            "role": request["roleArn"],
            "logging": {**_LOGGING_OFF, **request.get("loggingConfiguration", {})},
            "tracing": {**_TRACING_OFF, **request.get("tracingConfiguration", {})},
            "encryption": request.get("encryptionConfiguration", {"type": "AWS_OWNED_KEY"}),
            "created": time.time(),
            "revision": "INITIAL",
        }
        facts["updated"] = facts["created"]
        with self._catalogue.store.transaction() as connection:
            existing = self._catalogue.find_machine(arn)
            if existing is not None:
                same = (
                    all(existing[key] == facts[key] for key in _COMPARED)
                    and existing["role"] == facts["role"]
                )
                if not same:
                    raise ServiceError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
                facts = existing
            else:
                self._catalogue.put_machine(connection, facts)
            version = None
            if request.get("publish"):
                version = self._catalogue.publish(connection, facts, request.get("versionDescription"))
        if existing is None and request.get("tags"):
            self._catalogue.tag(arn, request["tags"])
        answer = {"stateMachineArn": arn, "creationDate": facts["created"]}
        return answer if version is None else {**answer, "stateMachineVersionArn": version["arn"]}

    def update(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """UpdateStateMachine: running executions keep what they started with."""
        arn = request["stateMachineArn"]
        changes = {
            "definition": request.get("definition"),
            "role": request.get("roleArn"),
            "logging": request.get("loggingConfiguration"),
            "tracing": request.get("tracingConfiguration"),
            "encryption": request.get("encryptionConfiguration"),
        }
        given = {key: value for key, value in changes.items() if value is not None}
        arns.parse(arn, "stateMachine")
        machine = self._catalogue.machine(arn)
        if not given and not request.get("publish"):
            raise ServiceError(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration"
                " must be specified",
            )
        if request.get("versionDescription") is not None and not request.get("publish"):
            raise ServiceError(
                "ValidationException", "Version description can only be set when publish is true"
            )
        if "definition" in given:
            checked_definition(given["definition"], machine["type"])
        if "logging" in given:
            given["logging"] = {**_LOGGING_OFF, **given["logging"]}
        changed = any(machine[key] != given[key] for key in given)
        updated = {**machine, **given, "updated": time.time()}
        if changed:
            updated["revision"] = str(uuid.uuid4())
        with self._catalogue.store.transaction() as connection:
            self._catalogue.put_machine(connection, updated)
            version = None
            if request.get("publish"):
                version = self._catalogue.publish(connection, updated, request.get("versionDescription"))
        answer = {"updateDate": updated["updated"]}
        if updated["revision"] != "INITIAL":
            answer["revisionId"] = updated["revision"]
        return answer if version is None else {**answer, "stateMachineVersionArn": version["arn"]}

    def describe(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """DescribeStateMachine, of a machine or one of its versions."""
        arn = arns.parse(request["stateMachineArn"], "stateMachine")
        if len(arn.names) > 1:
            found = self._catalogue.version(arn.text)
            if found is None:
                raise machine_missing(arn.text)
        else:
            found = self._catalogue.machine(arn.text)
        answer = {
            "stateMachineArn": arn.text,
            "status": "ACTIVE",
            **described(found),
            "creationDate": found["created"],
        }
        answer["type"] = found["type"]
        if found.get("version_description") is not None:
            answer["description"] = found["version_description"]
        return answer

    def list(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """ListStateMachines."""
        listed = [
            {
                "stateMachineArn": machine["arn"],
                "name": machine["name"],
                "type": machine["type"],
                "creationDate": machine["created"],
            }
            for machine in self._catalogue.machines()
        ]
        return pages.page(request, "stateMachines", listed)

    def delete(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """DeleteStateMachine: no error where there is none."""
        arn = arns.parse(request["stateMachineArn"], "stateMachine")
        self._catalogue.delete_machine(arn.text)
        return {}

    def validate(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """ValidateStateMachineDefinition; with severity WARNING also what only AWS could run."""
        express = request.get("type") == "EXPRESS"
        found = validation.validate(request["definition"], express=express)
        failed = bool(found)
        if not found and request.get("severity") == "WARNING":
            found = refusals.refusals(
                machine_of(request["definition"]),
                self._integrations.stand_in,
                self._integrations.implements,
            )
        most = request.get("maxResults") or _MOST_DIAGNOSTICS
        shown = [diagnostic.to_json() for diagnostic in found][:most]
        return {"result": "FAIL" if failed else "OK", "diagnostics": shown, "truncated": len(found) > most}

    def tag(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """TagResource."""
        self._catalogue.require_resource(request["resourceArn"])
        self._catalogue.tag(request["resourceArn"], request["tags"])
        return {}

    def untag(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """UntagResource."""
        self._catalogue.require_resource(request["resourceArn"])
        self._catalogue.untag(request["resourceArn"], request["tagKeys"])
        return {}

    def list_tags(self, request: dict[str, Any], _context: RequestContext) -> dict[str, Any]:
        """ListTagsForResource."""
        self._catalogue.require_resource(request["resourceArn"])
        return {"tags": self._catalogue.tags(request["resourceArn"])}


def described(facts: Facts) -> dict[str, Any]:
    """Return what DescribeStateMachine and DescribeStateMachineForExecution share."""
    answer = {
        "name": facts["name"],
        "definition": facts["definition"],
        "roleArn": facts["role"],
        "loggingConfiguration": facts["logging"],
        "tracingConfiguration": facts["tracing"],
        "encryptionConfiguration": facts["encryption"],
    }
    if facts["revision"] != "INITIAL":
        answer["revisionId"] = facts["revision"]
    used = references(machine_of(facts["definition"]))
    return {**answer, "variableReferences": used} if used else answer
