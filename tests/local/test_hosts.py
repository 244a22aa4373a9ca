"""Whom a Host header names."""

import pytest

from pipecell.local.hosts import bucket_of_host, is_own_host


@pytest.mark.parametrize(
    ("host", "own", "bucket"),
    [
        ("127.0.0.1:4566", True, ""),
        ("localhost", True, ""),
        ("[::1]:1", True, ""),
        ("data.localhost:1", True, "data"),
        ("my.data.localhost", True, "my.data"),
        ("s3.localhost:1", True, ""),
        ("data.s3.localhost:1", True, "data"),
        ("data.s3.eu-west-1.localhost", True, "data"),
        ("LOCALHOST:1", True, ""),
        ("localhost.", False, ""),
        ("xlocalhost", False, ""),
    ],
)
def test_hosts(host: str, own: bool, bucket: str) -> None:
    assert (is_own_host(host), bucket_of_host(host)) == (own, bucket)
