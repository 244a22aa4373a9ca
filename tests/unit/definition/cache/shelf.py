"""A fake S3 of one bucket: a dictionary of keys."""

import hashlib


class Shelf:
    """Objects by key, as caching looks at them."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def etag(self, bucket: str, key: str) -> str | None:
        return hashlib.md5(self.files[key]).hexdigest() if key in self.files else None

    def below(self, bucket: str, prefix: str, limit: int | None = None) -> list[tuple[str, str]]:
        keys = sorted(key for key in self.files if key.startswith(prefix))[:limit]
        return [(key, str(self.etag(bucket, key))) for key in keys]

    def read(self, bucket: str, key: str) -> bytes:
        return self.files[key]
