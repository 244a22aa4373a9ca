"""Run rounds and print what happened; ``python -m tests.local.durability --help`` says how."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.local.durability.rounds import Round, check_disk, opened


def main(arguments: list[str] | None = None) -> int:
    """Run rounds and print what happened."""
    parser = argparse.ArgumentParser(description="Kill the local endpoint at random instants.")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first round; the others count on")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no round after so long")
    chosen = parser.parse_args(arguments)
    killed: Counter[str] = Counter()
    rounds = retries = lost = wrong = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="durability-") as folder, opened(Path(folder)) as endpoint:
        for seed in range(chosen.seed, chosen.seed + chosen.rounds):
            if time.monotonic() - began > chosen.seconds:
                break
            rounds += 1
            one = Round(endpoint, seed, Path(folder) / f"round-{seed}")
            try:
                one.run()
                one.check()
            except AssertionError as error:
                wrong += 1
                print(error, flush=True)  # noqa: T201 - a report
            killed += one.killer.killed
            retries += one.retries
            lost += (one.side / "lost").exists()
        check_disk(endpoint.home)
        restarts = endpoint.restarts - 1
    print(  # noqa: T201
        f"{rounds} rounds (seeds {chosen.seed} to {chosen.seed + rounds - 1}),"
        f" {time.monotonic() - began:.0f} s,"
        f" kills spread over {endpoint.seconds:.1f} s each: killed {dict(killed)};"
        f" {restarts} restarts of the endpoint,"
        f" {lost} lost jobs retried by policy, {retries} executions retried;"
        f" {wrong} rounds ended otherwise than they should have."
    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
