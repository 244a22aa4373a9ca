"""The one table of verbs and options. Parsers, help and completion derive from it."""

from __future__ import annotations

from dataclasses import replace

from pipecell.commands import compare, convert, endpoint, look, runs, settings, trying
from pipecell.commands.faces import NOTEBOOK, SHELL
from pipecell.commands.verb import Option, Verb
from pipecell.definition.export import EXPORT_FORMATS
from pipecell.definition.profiles import PROFILES
from pipecell.reports import PREVIEW_FORMATS
from pipecell.targets import TARGETS

ENGINES = ("sagemaker", "stepfunctions")

FILE = Option(
    "file",
    "a notebook, a SageMaker definition .json or a state machine .asl.json",
    "FILE",
    kind="file",
    faces=SHELL,
)
PIPELINE = Option("--pipeline", "one of several pipelines", "NAME", kind="pipeline")
JSON = Option("--json", "print one JSON document instead of text", flag=True, faces=SHELL)
ON = Option("--on", "where; local, this machine, unless said otherwise", choices=TARGETS)
PROFILE = Option(
    "--profile", "the set of parameter values; the one in force by default", "NAME", kind="profile"
)
ENGINE = Option(
    "--engine", "its own by default; stepfunctions makes a state machine of a pipeline", choices=ENGINES
)
SET = Option("--set", "set one parameter; may be repeated", "NAME=VALUE", repeat=True, kind="parameter")
ROLE = Option("--role", "the role that the pipeline runs under on AWS", "ARN")
OUTPUT = Option("--output", "write to this file", "OUT", short="-o", kind="file")
WAIT = Option("--wait", "block until it has ended; fail if it failed", flag=True)
EXECUTION = Option("execution", "the execution's ARN, or last", "ARN|last", kind="execution")
EXECUTION_OR_LAST = Option(
    "execution", "the execution's ARN; the newest by default", "ARN|last", count="?", kind="execution"
)
EXECUTION_THAT_CHANGES = (replace(EXECUTION, faces=SHELL), replace(EXECUTION_OR_LAST, faces=NOTEBOOK))
"""In a shell nobody stops an execution without naming it."""

VERBS: tuple[Verb, ...] = (
    Verb(
        "preview",
        "show the DAG",
        look.preview,
        (FILE, PIPELINE, Option("--format", "what to write", choices=PREVIEW_FORMATS), OUTPUT, JSON),
    ),
    Verb(
        "check",
        "list every problem that can be found before a launch",
        look.check,
        (FILE, PIPELINE, Option("--format", "what to write", choices=look.CHECK_FORMATS), OUTPUT, JSON),
        description="Exit code 1 when there is an error. Needs no network and no AWS account. In a shell the "
        "findings go to standard error; sarif is what code review tools read.",
    ),
    Verb(
        "plan",
        "say what a run would change, reuse and cost; change nothing",
        look.plan,
        (
            FILE,
            PIPELINE,
            PROFILE,
            ON,
            ENGINE,
            SET,
            ROLE,
            Option("--refresh-prices", "ask the AWS Price List for today's prices first", flag=True),
            JSON,
        ),
        launches=True,
        description="What the cache will say of each step and why, how long it takes and what it costs.",
    ),
    Verb(
        "diff",
        "compare two definitions, notebooks, git revisions or executions",
        compare.diff,
        (
            Option(
                "before", "a file, REV:FILE, an execution's ARN or a pipeline declared here", "A", kind="file"
            ),
            Option("after", "the same, to compare with it", "B", kind="file"),
            ON,
            PIPELINE,
            JSON,
        ),
        launches=True,
        description="REV:FILE is a file as a git revision has it: HEAD~1:census.ipynb.",
    ),
    Verb(
        "profile",
        "show the profiles and their values, or put one in force",
        look.profile,
        (
            FILE,
            Option(
                "profile",
                "the profile to put in force; a new name with values makes one of your own",
                f"{'|'.join(PROFILES)}|NAME",
                count="?",
                kind="profile",
            ),
            Option("settings", "values to set on top of it", "NAME=VALUE", count="*", kind="parameter"),
            Option(
                "--like", "the profile that a new one begins with; full by default", "NAME", kind="profile"
            ),
            PIPELINE,
            JSON,
        ),
        description="smoke is derived from the definition: the cheapest valid instances, one of each. "
        "A profile of your own is kept by the cell whose line makes it.",
    ),
    Verb(
        "forget",
        "take out the step of a cell that is gone",
        settings.forget,
        (Option("step", "the step's name; all that its cell declared goes", "STEP", kind="step"), PIPELINE),
        faces=NOTEBOOK,
        description="JupyterLab tells of deleted and renamed cells by itself; a terminal, and editors "
        "that give cells no id, do not.",
    ),
    Verb(
        "target",
        "say or change where this kernel's AWS calls go",
        settings.target,
        (Option("target", "where calls go from now on", "|".join(TARGETS), count="?", choices=TARGETS),),
        faces=NOTEBOOK,
    ),
    Verb(
        "run",
        "check, deploy and start",
        runs.run,
        (
            FILE,
            PIPELINE,
            PROFILE,
            ON,
            ENGINE,
            SET,
            Option("--input", "a state machine's input", "JSON"),
            Option("--only", "run these steps and reuse the others", "STEP,STEP", kind="step"),
            Option("--from", "run this step and all that wait for it, reuse the others", "STEP", kind="step"),
            ROLE,
            Option("--yes", "do not ask before a run on AWS", flag=True),
            Option("--max-cost", "do not start on AWS what may cost more US dollars", "USD"),
            WAIT,
            JSON,
        ),
        launches=True,
        description="Nothing reaches AWS without --on aws, and a yes to the plan that is shown then.",
    ),
    Verb(
        "try",
        "try one state of a state machine and show its data stage by stage",
        trying.try_state,
        (
            FILE,
            Option("state", "the state", "STATE", kind="step"),
            Option("--input", "what it is given; last for what the newest execution gave it", "JSON|last"),
            Option("--mock", "what its call answers, instead of calling", "JSON"),
            Option("--error", "the error that its call fails with, instead of calling", "NAME"),
            Option("--cause", "the cause of that error", "TEXT"),
            Option("--variables", "workflow variables that it may read", "JSON"),
            Option("--context", "the context object that it may read", "JSON"),
            PIPELINE,
            ON,
            ROLE,
            JSON,
        ),
        launches=True,
        description="Without --mock and --error a Task really makes its call.",
    ),
    Verb(
        "watch",
        "show an execution until it has ended",
        runs.watch,
        (
            EXECUTION_OR_LAST,
            ON,
            PIPELINE,
            Option("--once", "take one look", flag=True),
            Option("--wait", "block until it has ended; fail if it failed", flag=True, faces=NOTEBOOK),
            JSON,
        ),
        launches=True,
    ),
    Verb(
        "logs",
        "print the log of a step's job",
        runs.logs,
        (
            replace(EXECUTION, faces=SHELL),
            Option("step", "the step", "STEP", kind="step"),
            replace(EXECUTION_OR_LAST, name="--execution", count="", faces=NOTEBOOK),
            ON,
            PIPELINE,
            Option("--follow", "go on until the job has ended", flag=True),
            JSON,
        ),
        launches=True,
    ),
    Verb(
        "stop",
        "stop an execution and its running jobs",
        runs.stop,
        (
            *EXECUTION_THAT_CHANGES,
            ON,
            PIPELINE,
            JSON,
        ),
        launches=True,
    ),
    Verb(
        "retry",
        "go on with a failed execution from where it failed",
        runs.retry,
        (
            *EXECUTION_THAT_CHANGES,
            ON,
            PIPELINE,
            JSON,
        ),
        launches=True,
    ),
    Verb(
        "list",
        "list executions, newest first",
        runs.list_executions,
        (ON, PIPELINE, Option("--limit", "how many; 20 by default", "N"), JSON),
        launches=True,
    ),
    Verb(
        "export",
        "write the pipeline as something that runs without pipecell",
        look.export,
        (
            FILE,
            PIPELINE,
            Option("--format", "what to write; the official definition by default", choices=EXPORT_FORMATS),
            ENGINE,
            Option("--policy", "the least IAM policies of its role and its caller", flag=True),
            Option(
                "--on", "aws: with your account, bucket and role instead of placeholders", choices=TARGETS
            ),
            OUTPUT,
            JSON,
        ),
    ),
    Verb(
        "convert",
        "show the %%step cells that make the same pipeline as its SDK code, or the other way round",
        convert.convert,
        (
            Option("--to", "by default what the pipeline's cells are not", choices=convert.STYLES),
            PIPELINE,
            OUTPUT,
        ),
        faces=NOTEBOOK,
        description="A diff, cell by cell; --output writes the new cells. Both give the same definition, "
        "else nothing is shown but what differs.",
    ),
    Verb(
        "local",
        "the local endpoint: AWS on this machine",
        verbs=(
            Verb(
                "start",
                "start it unless it runs",
                endpoint.start,
                (Option("--port", "the port; any free one by default", "PORT"), JSON),
            ),
            Verb("stop", "stop it; running jobs go on, and nothing is lost", endpoint.stop, (JSON,)),
            Verb("status", "say whether it runs, and where", endpoint.status, (JSON,)),
            Verb("env", "print what points a shell at it", endpoint.env, (JSON,)),
            Verb("reset", "stop it and remove everything that it keeps", endpoint.reset, (JSON,)),
            Verb(
                "map",
                "show or change which commands stand in for container images and tasks",
                endpoint.map_image,
                (
                    Option(
                        "image",
                        "the image's URI, or a task such as ecs:runTask.sync; * and ? as in file names",
                        "IMAGE",
                        count="?",
                    ),
                    Option(
                        "command", "what runs instead, as typed in a shell; quote it", "COMMAND", count="?"
                    ),
                    Option("--remove", "forget what stands in for the image", flag=True),
                    JSON,
                ),
                description="An interpreter alone, such as python, runs the job's own script.",
            ),
        ),
    ),
)
"""Every verb, in the order of the help."""

CELL = Verb(
    "%%pipeline",
    "run this cell and take what it declares into a pipeline",
    options=(
        Option("name", "the pipeline's name", "NAME", kind="pipeline"),
        Option("--engine", "whose steps the cell declares; found out by default", choices=ENGINES),
    ),
    faces=NOTEBOOK,
)
"""The cell magic, described as a verb so that its help and its completion derive from here too."""
