"""Put a real account, bucket and role in place of the placeholders, before a definition goes to AWS."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

from pipecell.declare.compiled import (
    PLACEHOLDER_ACCOUNT,
    PLACEHOLDER_ROLE,
    Compiled,
    Upload,
    placeholder_bucket,
)
from pipecell.errors import DefinitionError

# Not inside a longer word, and not the end of a UUID.
_ACCOUNT = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9a-f]{{4}}-){PLACEHOLDER_ACCOUNT}(?![0-9A-Za-z])")


def for_account(compiled: Compiled, *, account: str, bucket: str, role: str) -> Compiled:
    """Return the same pipeline for a real account; see the package's ``substitute``."""
    values = _Values(account, bucket, role, placeholder_bucket(compiled.region))
    document = compiled.document
    body = json.loads(values.text(json.dumps(document.body)))
    return replace(
        compiled,
        document=replace(document, body=body),
        input=json.loads(values.text(json.dumps(compiled.input))),
        uploads=_uploads(compiled.uploads, values),
        tags=tuple(json.loads(values.text(json.dumps(compiled.tags)))),
        role=values.text(compiled.role),
        functions=tuple(
            replace(
                function,
                arn=values.text(function.arn),
                bucket=values.text(function.bucket),
                settings=json.loads(values.text(json.dumps(dict(function.settings)))),
            )
            for function in compiled.functions
        ),
    )


class _Values:
    """The values to put in, longest placeholder first."""

    def __init__(self, account: str, bucket: str, role: str, old_bucket: str) -> None:
        self._account = account
        self._pairs = ((PLACEHOLDER_ROLE, role), (old_bucket, bucket))

    def text(self, text: str) -> str:
        for old, new in self._pairs:
            text = text.replace(old, new)
        return _ACCOUNT.sub(self._account, text)

    def fits(self, content: bytes) -> bool:
        """Say whether all placeholders in the content have the length of their values."""
        return all(old.encode() not in content or len(old) == len(new) for old, new in self._pairs)


def _uploads(uploads: tuple[Upload, ...], values: _Values) -> tuple[Upload, ...]:
    changed: dict[str, Upload] = {}
    for upload in uploads:
        content = _content(upload, values)
        changed[upload.uri] = replace(
            upload,
            source=content,
            bucket=values.text(upload.bucket),
            key=values.text(upload.key),
            digest=_digest(content) if isinstance(content, bytes) else upload.digest,
        )
    for upload in uploads:
        if upload.key.endswith("/payload.pkl") and changed[upload.uri].digest != upload.digest:
            sibling = f"{upload.uri.removesuffix('payload.pkl')}metadata.json"
            changed[sibling] = _with_hash(changed[sibling], changed[upload.uri].digest)
    return tuple(changed.values())


def _content(upload: Upload, values: _Values) -> bytes | Path:
    content = upload.source
    if not isinstance(content, bytes) or PLACEHOLDER_ACCOUNT.encode() not in content:
        return content
    try:
        return values.text(content.decode()).encode()
    except UnicodeDecodeError:
        pass
    # A pickle holds the length of each text, so only values of the same length can take its place.
    if not values.fits(content):
        raise DefinitionError(
            f"{upload.key} holds the placeholder of the default bucket or role inside pickled values.",
            code="PC623",
            hint="Pass it to the @step function as a ParameterString.",
        )
    return values.text(content.decode("latin-1")).encode("latin-1")


def _with_hash(metadata: Upload, digest: str) -> Upload:
    """Return the SDK's metadata of a pickle with the digest that its reader will compare."""
    facts = json.loads(metadata.source) if isinstance(metadata.source, bytes) else {}
    content = json.dumps({**facts, "sha256_hash": digest}).encode()
    return replace(metadata, source=content, digest=_digest(content))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
