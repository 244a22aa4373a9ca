"""Names that the SDK makes up from the clock, made stable and honest.

``name_from_base`` and its kin append the time, and the SDK puts such names into the keys of
uploads: the same cells would give another definition each time, and no step would ever be cached.
A fixed name would be worse: a changed script under an unchanged key is a false cache hit.

So offline the SDK reads a clock of ours (``clock``) that never shows the same minute twice. Each
reading is a *token*, recognisable wherever it ends up. When the definition is complete, each token
is replaced, in the definition and in the keys, by a digest of what was uploaded under it; one that
no upload uses becomes a digest of the step or cell that asked. Same content, same name; other
content, other name.
"""

from __future__ import annotations

import hashlib
import itertools
import re
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipecell.declare.compiled import Upload

_BASE = 946684800  # 2000-01-01T00:00:00Z: long before SageMaker, so no real name holds such a time
_READINGS = 888_000  # one a minute, while the seconds since the epoch have nine digits
_DIGITS = 16
_UUID_START = "70697065-0000-4000-8000-"
_COUNTER = itertools.count(1)

# Each branch starts with a letter of its own, so that the search leaps from candidate to candidate: 27 times
# faster than with what must not precede it in front.
_FORM = re.compile(
    r"2(?<!\d2)00[01]-\d\d-\d\d-\d\d-\d\d-00-125"  # sagemaker_timestamp()
    r"|0(?<!\d0)[01]\d{4}-\d{4}(?!\d)"  # sagemaker_short_timestamp()
    r"|9(?<!\d9)\d{8}(?!\d)"  # int(time.time())
    rf"|{_UUID_START}[0-9a-f]{{12}}"  # uuid4()
)
_FORM_BYTES = re.compile(_FORM.pattern.encode())


@dataclass(frozen=True)
class Token:
    """One reading of the clock.

    Attributes:
        number: position in the process; never reaches a definition.
        owner: the step or cell that asked.
        turn: how many readings this owner had before in the same stretch.
    """

    number: int
    owner: str
    turn: int

    @property
    def moment(self) -> float:
        """Seconds since the epoch: an exact minute and an eighth."""
        return _BASE + 60 * self.number + 0.125

    @property
    def uuid(self) -> uuid.UUID:
        """The reading as a UUID of version 4."""
        return uuid.UUID(f"{_UUID_START}{self.number:012x}")

    @property
    def timestamp(self) -> str:
        """The reading as ``sagemaker_timestamp()`` writes it."""
        return time.strftime("%Y-%m-%d-%H-%M-%S-125", time.gmtime(self.moment))

    @property
    def forms(self) -> tuple[str, ...]:
        """The texts that the SDK can make of this reading."""
        moment = time.gmtime(self.moment)
        return (
            self.timestamp,
            time.strftime("%y%m%d-%H%M", moment),
            str(int(self.moment)),
            str(self.uuid),
        )


def next_token(owner: str, turn: int) -> Token:
    """Return a reading that this process never gave before."""
    return Token(next(_COUNTER) % _READINGS, owner, turn)


@dataclass(frozen=True)
class Renaming:
    """Final names for tokens.

    Attributes:
        names: from each text of a token to its final text.
    """

    names: Mapping[str, str]

    def text(self, text: str) -> str:
        """Replace the tokens in a text."""
        return _FORM.sub(lambda found: self.names.get(found[0], found[0]), text)

    def upload(self, upload: Upload) -> Upload:
        """Replace the tokens in an upload's key, and in its content if it is bytes."""
        key = self.text(upload.key)
        if isinstance(upload.source, bytes):
            source = _FORM_BYTES.sub(self._bytes, upload.source)
            if source != upload.source:
                return replace(upload, key=key, source=source, digest=hashlib.sha256(source).hexdigest())
        return replace(upload, key=key) if key != upload.key else upload

    def _bytes(self, found: re.Match[bytes]) -> bytes:
        form = found[0].decode()
        return self.names.get(form, form).encode()


def final_names(pipeline: str, tokens: Iterable[Token], uploads: Sequence[Upload]) -> Renaming:
    """Decide the final name of each token.

    Args:
        pipeline: name of the pipeline.
        tokens: all readings given to its cells and to its compilation.
        uploads: all that they uploaded, keys still holding tokens.
    """
    names: dict[str, str] = {}
    users: dict[str, list[Upload]] = {}
    for upload in uploads:
        for form in dict.fromkeys(_FORM.findall(upload.key)):
            users.setdefault(form, []).append(upload)
    for token in tokens:
        facts = hashlib.sha256(f"{pipeline}\0{token.owner}\0{token.turn}".encode())
        for form in token.forms:
            for upload in users.get(form, ()):
                facts.update(_masked(upload.key.replace(form, "*"), names).encode())
                facts.update(_content_digest(upload, names))
        final = facts.hexdigest()[:_DIGITS]
        names.update(dict.fromkeys(token.forms, final))
    return Renaming(names)


def _masked(key: str, names: Mapping[str, str]) -> str:
    """Replace the tokens of a key that have a name, and hide those that have none yet."""
    return _FORM.sub(lambda found: names.get(found[0], "*"), key)


def _content_digest(upload: Upload, names: Mapping[str, str]) -> bytes:
    """Return a digest of the content that does not depend on the numbers of tokens inside."""
    if isinstance(upload.source, bytes) and _FORM_BYTES.search(upload.source):
        text = upload.source.decode("latin-1")
        return hashlib.sha256(_masked(text, names).encode("latin-1")).digest()
    return bytes.fromhex(upload.digest)
