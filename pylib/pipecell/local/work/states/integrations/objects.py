"""ItemReader and ResultWriter over the endpoint's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipecell.local.wire import ServiceError
from pipecell.local.work.states import items
from pipecell.local.work.states.evaluate import dumps
from pipecell.local.work.states.failure import RESULT_WRITER_FAILED, Failure
from pipecell.local.work.states.integrations import readers

if TYPE_CHECKING:
    from pipecell.local.objects import ObjectStore

_FILES = {"SUCCEEDED": "SUCCEEDED_0.json", "FAILED": "FAILED_0.json", "PENDING": "PENDING_0.json"}


def read(store: ObjectStore, request: dict[str, Any]) -> list[Any]:
    """Return the items of a listing or of an object's content.

    Raises:
        Failure: ``States.ItemReaderFailed``.
    """
    arguments, config = request["arguments"], request["config"]
    limit = config.get("MaxItems")
    try:
        if request["action"] == "listObjectsV2":
            listed = store.iterate(arguments["Bucket"], arguments.get("Prefix") or "")
            found = [
                items.object_item(
                    {
                        "ETag": f'"{info.etag.strip(chr(34))}"',
                        "Key": info.key,
                        "LastModified": int(info.modified),
                        "Size": info.size,
                    }
                )
                for info in listed
            ]
            return items.cut(found, limit)
        found = readers.read(store.read, arguments["Bucket"], arguments["Key"], config)
    except ServiceError as error:
        raise items.failed(f"{error.message} (Service: S3, Status Code: {error.status})") from error
    except KeyError as error:
        raise items.failed(f"The parameter {error} is missing.") from error
    except UnicodeDecodeError as error:
        raise items.failed(f"The object is not UTF-8: {error}.") from error
    return items.cut(found, limit)


def write(store: ObjectStore, request: dict[str, Any], results: list[dict[str, Any]]) -> dict[str, Any]:
    """Write results by status and a manifest; return where the manifest is.

    Raises:
        Failure: ``States.ResultWriterFailed``.
    """
    bucket, prefix = request["arguments"].get("Bucket"), request["arguments"].get("Prefix") or ""
    run = request["map_run"].rsplit(":", 1)[-1]
    folder = f"{prefix.rstrip('/')}/{run}" if prefix else run
    files: dict[str, list[dict[str, Any]]] = {status: [] for status in _FILES}
    for status, name in _FILES.items():
        chosen = [result for result in results if _status(result) == status]
        if chosen:
            content = dumps(chosen).encode()
            _put(store, bucket, f"{folder}/{name}", content)
            files[status].append({"Key": f"{folder}/{name}", "Size": len(content)})
    manifest = {"DestinationBucket": bucket, "MapRunArn": request["map_run"], "ResultFiles": files}
    key = f"{folder}/manifest.json"
    _put(store, bucket, key, dumps(manifest).encode())
    return {"Bucket": bucket, "Key": key}


def _status(result: dict[str, Any]) -> str:
    status = result["Status"]
    return status if status in ("SUCCEEDED", "RUNNING") else "FAILED"


def _put(store: ObjectStore, bucket: str, key: str, content: bytes) -> None:
    try:
        store.put(bucket, key, content, content_type="application/json")
    except ServiceError as error:
        raise Failure(
            RESULT_WRITER_FAILED, f"{error.message} (Service: S3, Status Code: {error.status})"
        ) from error
