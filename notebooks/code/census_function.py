"""The Lambda function of the state machine: census answers in, numbers for XGBoost out.

Called with ``{"source": "s3://…/census.csv.gz", "destination": "s3://…/folder"}``. Writes
``train/train.csv`` and ``validation/validation.csv`` there (no header, the label first) and returns
how many rows each has.
"""

import csv
import gzip
import hashlib
import io

import boto3

FEATURES = [
    "age",
    "wage_per_hour",
    "capital_gains",
    "capital_losses",
    "dividends_from_stocks",
    "weeks_worked_in_year",
]
KEEP_ONE_OF = 5  # rows: enough to see, and quick


class NoDataError(Exception):
    """There is nothing at the source."""


class NotYetError(Exception):
    """The source is being written; a moment later it is there."""


def handler(event, context):
    """Prepare the data; fail once for each destination, as a busy service may."""
    s3 = boto3.client("s3")
    bucket, folder = _parts(event["destination"])
    if not s3.list_objects_v2(Bucket=bucket, Prefix=folder + "/begun").get("KeyCount"):
        s3.put_object(Bucket=bucket, Key=folder + "/begun", Body=b"")
        raise NotYetError("the first call finds the source busy")
    rows = {"train": [], "validation": []}
    for position, row in enumerate(_read(s3, event["source"])):
        if position % KEEP_ONE_OF == 0:
            answers = [row[name] for name in FEATURES]
            # The same answers always go to the same split, so that no copy of a training row is validated.
            split = "validation" if hashlib.sha256(repr(answers).encode()).digest()[0] < 51 else "train"
            rows[split].append([int(row["income"].startswith("50000+")), *answers])
    for split, lines in rows.items():
        text = io.StringIO()
        csv.writer(text).writerows(lines)
        s3.put_object(Bucket=bucket, Key=f"{folder}/{split}/{split}.csv", Body=text.getvalue().encode())
    return {split: len(lines) for split, lines in rows.items()}


def _read(s3, source):
    bucket, key = _parts(source)
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey as error:
        raise NoDataError(f"there is nothing at {source}") from error
    return csv.DictReader(io.StringIO(gzip.decompress(body).decode()))


def _parts(uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key.rstrip("/")
