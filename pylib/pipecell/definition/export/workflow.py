"""A GitHub Actions workflow: check always, plan on a pull request, run on the main branch."""

from __future__ import annotations

import json
import re
import shlex

_TEMPLATE = """\
# Checks {name} on every push, shows its plan on a pull request, and runs it once that is merged.
# In the repository's settings: variable AWS_ROLE_ARN, a role that trusts GitHub's OpenID provider and
# has the caller's policy of `pipecell export {file} --policy`; variable MAX_COST, US dollars.
name: {title}

on:
  pull_request:
  push:
    branches: [main]

permissions:
  contents: read
  id-token: write

concurrency:
  group: {group}-${{{{ github.ref }}}}

env:
  AWS_REGION: {region}

jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - run: pip install "pipecell[all]"
      - run: |
          pipecell check {file}{pipeline}

  plan:
    if: github.event_name == 'pull_request'
    needs: check
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - run: pip install "pipecell[all]"
      - uses: aws-actions/configure-aws-credentials@v4
        with:
          role-to-assume: ${{{{ vars.AWS_ROLE_ARN }}}}
          aws-region: ${{{{ env.AWS_REGION }}}}
      - run: |
          echo '```' >> "$GITHUB_STEP_SUMMARY"
          pipecell plan {file}{pipeline} --profile full --on aws >> "$GITHUB_STEP_SUMMARY"
          echo '```' >> "$GITHUB_STEP_SUMMARY"

  run:
    if: github.event_name == 'push'
    needs: check
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - run: pip install "pipecell[all]"
      - uses: aws-actions/configure-aws-credentials@v4
        with:
          role-to-assume: ${{{{ vars.AWS_ROLE_ARN }}}}
          aws-region: ${{{{ env.AWS_REGION }}}}
          role-duration-seconds: 21600
      - run: >-
          pipecell run {file}{pipeline} --profile full --on aws
          --yes --max-cost "${{{{ vars.MAX_COST || '20' }}}}" --wait
"""


def to_workflow(name: str, file: str, *, region: str = "", one_of_several: bool = False) -> str:
    """Return the workflow's YAML.

    Args:
        name: the pipeline's name.
        file: the notebook or definition, as the repository has it.
        region: the region that it runs in.
        one_of_several: the file holds other pipelines, too, so that each command must name this one.
    """
    return _TEMPLATE.format(
        name=re.sub(r"\s+", " ", name),
        title=json.dumps(name),
        group=re.sub(r"[^A-Za-z0-9_-]+", "-", name),
        file=shlex.quote(file),
        region=region or "us-east-1",
        pipeline=f" --pipeline {shlex.quote(name)}" if one_of_several else "",
    )
