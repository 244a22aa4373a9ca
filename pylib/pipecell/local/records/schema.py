"""The tables of SageMaker's state. Times are epoch seconds; columns named for AWS's fields."""

from __future__ import annotations

from pipecell.local.store import Store

_FIRST = """
CREATE TABLE pipeline (
    name TEXT PRIMARY KEY,
    arn TEXT NOT NULL,
    display_name TEXT,
    description TEXT,
    role_arn TEXT NOT NULL,
    parallelism INTEGER,
    version INTEGER NOT NULL,
    created REAL NOT NULL,
    modified REAL NOT NULL,
    last_run REAL,
    token TEXT
);
CREATE TABLE pipeline_version (
    pipeline TEXT NOT NULL REFERENCES pipeline (name) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    definition TEXT NOT NULL,
    created REAL NOT NULL,
    display_name TEXT,
    description TEXT,
    last_execution TEXT,
    PRIMARY KEY (pipeline, version)
);
CREATE TABLE pipeline_alias (
    pipeline TEXT NOT NULL REFERENCES pipeline (name) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (pipeline, alias)
);
CREATE TABLE execution (
    id TEXT PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE,
    pipeline TEXT NOT NULL REFERENCES pipeline (name) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    failure_reason TEXT,
    display_name TEXT,
    description TEXT,
    role_arn TEXT,
    parameters TEXT NOT NULL,
    parallelism INTEGER,
    selection TEXT,
    experiment TEXT,
    tags TEXT NOT NULL,
    stopping INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL,
    modified REAL NOT NULL
);
CREATE INDEX execution_by_pipeline ON execution (pipeline, created);
CREATE INDEX execution_unfinished ON execution (status) WHERE status IN ('Executing', 'Stopping');
CREATE TABLE step (
    execution TEXT NOT NULL REFERENCES execution (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    place INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1,
    begun REAL NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    failure_reason TEXT,
    metadata TEXT,
    properties TEXT,
    outcome INTEGER,
    job_kind TEXT,
    job_name TEXT,
    token TEXT,
    due REAL,
    retries TEXT,
    cache_key TEXT,
    artifacts TEXT,
    cache_source TEXT,
    selection_source TEXT,
    PRIMARY KEY (execution, name)
);
CREATE INDEX step_by_job ON step (job_kind, job_name);
CREATE INDEX step_by_cache_key ON step (cache_key, ended) WHERE cache_key IS NOT NULL;
CREATE INDEX step_by_token ON step (token) WHERE token IS NOT NULL;
CREATE INDEX step_due ON step (due) WHERE due IS NOT NULL;
CREATE TABLE job (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    arn TEXT NOT NULL,
    request TEXT NOT NULL,
    status TEXT NOT NULL,
    created REAL NOT NULL,
    modified REAL NOT NULL,
    result TEXT,
    execution TEXT,
    step TEXT,
    parent TEXT,
    PRIMARY KEY (kind, name)
);
CREATE INDEX job_by_creation ON job (kind, created);
CREATE INDEX job_unfinished ON job (status) WHERE status IN ('InProgress', 'Stopping');
CREATE INDEX job_by_parent ON job (parent) WHERE parent IS NOT NULL;
CREATE TABLE resource (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    arn TEXT NOT NULL,
    request TEXT NOT NULL,
    created REAL NOT NULL,
    modified REAL NOT NULL,
    PRIMARY KEY (kind, name)
);
CREATE INDEX resource_by_creation ON resource (kind, created);
CREATE TABLE model_package_group (
    name TEXT PRIMARY KEY,
    arn TEXT NOT NULL,
    description TEXT,
    last_version INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL
);
CREATE TABLE model_package (
    arn TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    group_name TEXT REFERENCES model_package_group (name),
    version INTEGER,
    request TEXT NOT NULL,
    approval TEXT,
    approval_description TEXT,
    created REAL NOT NULL,
    modified REAL NOT NULL
);
CREATE INDEX model_package_by_group ON model_package (group_name, version);
CREATE TABLE tag (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
);
CREATE TABLE request_token (
    operation TEXT NOT NULL,
    token TEXT NOT NULL,
    digest TEXT NOT NULL,
    answer TEXT NOT NULL,
    created REAL NOT NULL,
    PRIMARY KEY (operation, token)
);
CREATE INDEX request_token_by_age ON request_token (created);
"""


def register(store: Store) -> None:
    """Bring SageMaker's tables up to date.

    Raises:
        EndpointError: the database was written by a newer pipecell.
    """
    store.register("sagemaker", _FIRST)
