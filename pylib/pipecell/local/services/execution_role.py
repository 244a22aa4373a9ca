"""The one role that exists from the start, as every service tells of it."""

from __future__ import annotations

ROLE_ID = "AROAPIPECELLEXECROLE0"
ROLE_CREATED = "2026-01-01T00:00:00Z"
ROLE_PATH = "/service-role/"
TRUST_POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":'
    '["sagemaker.amazonaws.com","states.amazonaws.com","lambda.amazonaws.com"]},"Action":"sts:AssumeRole"}]}'
)
