"""What a request's Host header says: whether it means this machine, and which bucket."""

from __future__ import annotations

LOOPBACK = "127.0.0.1"


def is_own_host(host: str) -> bool:
    """Whether a Host header names this machine: an address or name that DNS cannot point elsewhere."""
    name = _host_name(host)
    return name in {LOOPBACK, "localhost", "[::1]"} or name.endswith(".localhost")


def bucket_of_host(host: str) -> str:
    """Return the bucket in a virtual-host-style Host header, for example ``data.localhost:4566``."""
    name = _host_name(host)
    if not name.endswith(".localhost"):
        return ""
    labels = name[: -len(".localhost")]
    bucket, marker, _ = f".{labels}.".partition(".s3.")
    return bucket.strip(".") if marker else labels


def _host_name(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()
