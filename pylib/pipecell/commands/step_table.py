"""The kinds of ``%%step`` and their options: parsing, help and completion derive from this table."""

from __future__ import annotations

from pipecell.commands.faces import NOTEBOOK
from pipecell.commands.verb import Option, Verb

NAME = Option("name", "the step's name", "NAME", kind="new-step")
INPUT = Option(
    "--input",
    "what it reads; $name, Step.output, s3://… or a local path; @/opt/ml/… is where the job finds it",
    "NAME=…[@PATH]",
    "-i",
    repeat=True,
    kind="source",
)
OUTPUT = Option(
    "--output",
    "a folder that it writes; =s3://… is where it goes, @/opt/ml/… where the job leaves it",
    "NAME[=…][@PATH]",
    "-o",
    repeat=True,
)
IMAGE = Option("--image", "name:version, an image's URI, or $name", "IMAGE", kind="image")
INSTANCE = Option("--instance", "on what: TYPE, TYPE*N or $parameter", "TYPE[*N]", kind="instance")
PARAM = Option("--param", "a value that the script finds in params", "K=V", repeat=True, kind="value")
ENV = Option("--env", "an environment variable", "K=V", repeat=True, kind="value")
ARG = Option("--arg", "a word of the command line; --arg=--word for one with dashes", "WORD", repeat=True)
WITH = Option("--with", "a module or package that the script imports", "PATH", repeat=True, kind="file")
SCRIPT = Option("--script", "run this file as it is, instead of the cell's body", "FILE", kind="file")
SOURCE = Option(
    "--source", "the folder that goes to the job, with the script of --script in it", "FOLDER", kind="file"
)
ENTRYPOINT = Option("--entrypoint", "run this in the image, instead of a script", "WORD", repeat=True)
NO_SCRIPT = Option("--no-script", "run the image's own program", flag=True)
JOB_NAME = Option(
    "--job-name", "how the names of its jobs start, and of the folder that its code is kept in", "NAME"
)
PROPERTY_FILE = Option(
    "--property-file",
    "a name for a JSON file of an output that conditions read",
    "NAME=OUTPUT/FILE",
    repeat=True,
)
VOLUME = Option("--volume", "the size of its disk in GB; 30 by default", "GB")
SET_FIELD = Option(
    "--set",
    "any field of the step's request, such as RoleArn=$role or .DisplayName=Clean",
    "PATH=VALUE",
    repeat=True,
)
UPLOAD = Option(
    "--upload", "put a file or folder there before a run", "PATH=s3://…", repeat=True, kind="value"
)
RESULTS = Option("--results", "where in S3 its results go", "s3://…")
RUNTIME = Option("--max-runtime", "how long it may take: 2h, 30m", "TIME")
TAG = Option("--tag", "a tag of the job", "K=V", repeat=True)
CACHE = Option("--cache", "reuse its results for so long: 30d, 12h or off", "PERIOD", kind="cache")
RETRY = Option("--retry", "so many more attempts when AWS fails", "N")
DEPENDS = Option("--depends", "wait for a step that it does not read", "STEP", repeat=True, kind="step")
PIPELINE = Option("--pipeline", "the pipeline; the one opened last by default", "NAME", kind="pipeline")
TRY = Option("--try", "run this one job now, on this machine", flag=True)
MODEL = Option("--model", "the step that makes the model", "STEP", kind="step")
CONTENT = Option("--content-type", "what its data is, such as text/csv", "TYPE")
INFERENCE_SCRIPT = Option("--inference-script", "the script that serves it", "FILE", kind="file")
METRIC = Option("--metric", "a metric to read from its log", "NAME=REGEX", repeat=True)

_COMMON = (DEPENDS, SET_FIELD, UPLOAD, PIPELINE)
_RUNS = (RETRY, *_COMMON)
_JOB = (IMAGE, INSTANCE, VOLUME, ENV, RUNTIME, TAG, CACHE, *_RUNS)
_TRIED = (*_JOB, TRY)


def _kind(name: str, summary: str, *options: Option, description: str = "") -> Verb:
    return Verb(name, summary, options=(NAME, *options), faces=NOTEBOOK, description=description)


STEP_KINDS: tuple[Verb, ...] = (
    _kind(
        "processing",
        "run the cell as a processing job",
        INPUT,
        OUTPUT,
        PARAM,
        ARG,
        WITH,
        SCRIPT,
        SOURCE,
        ENTRYPOINT,
        NO_SCRIPT,
        JOB_NAME,
        PROPERTY_FILE,
        *_TRIED,
    ),
    _kind(
        "training",
        "train: a script, or `name: value` lines for a built-in algorithm",
        INPUT,
        OUTPUT,
        PARAM,
        WITH,
        SCRIPT,
        SOURCE,
        JOB_NAME,
        CONTENT,
        METRIC,
        *_TRIED,
        description="Its output is model. The image is XGBoost's by default.",
    ),
    _kind(
        "tuning",
        "search for the best hyperparameters: `eta: 0.05..0.5 log`, `max_depth: 3..10`, `booster: [a, b]`",
        INPUT,
        CONTENT,
        Option(
            "--training",
            "take image, inputs, script and fixed values from this training step",
            "STEP",
            kind="step",
        ),
        Option("--metric", "the objective, or NAME=REGEX for a script's log", "NAME"),
        Option("--maximize", "higher is better", flag=True),
        Option("--minimize", "lower is better", flag=True),
        Option("--jobs", "how many trainings; 10 by default", "N"),
        Option("--parallel", "how many at once; 2 by default", "N"),
        OUTPUT,
        PARAM,
        SCRIPT,
        SOURCE,
        JOB_NAME,
        Option(
            "--strategy",
            "how to search; Bayesian by default",
            choices=("Bayesian", "Random", "Grid", "Hyperband"),
        ),
        *_JOB,
        description="Its output is model: the best one.",
    ),
    _kind(
        "model",
        "make a model that can be deployed",
        MODEL,
        IMAGE,
        ENV,
        INFERENCE_SCRIPT,
        SOURCE,
        Option("--plain-name", "call the step NAME itself, without the SDK's -CreateModel", flag=True),
        *_RUNS,
    ),
    _kind(
        "register",
        "put a model into the model registry",
        MODEL,
        Option("--group", "the model package group", "GROUP"),
        Option("--approval", "Approved, Rejected, PendingManualApproval or $parameter", "STATUS"),
        Option("--metrics", "the evaluation: Step.output or a JSON file's s3://…", "SOURCE", kind="source"),
        IMAGE,
        Option("--content-type", "what it takes; text/csv by default", "TYPE", repeat=True),
        Option("--response-type", "what it answers; text/csv by default", "TYPE", repeat=True),
        Option("--inference-instance", "where it can serve", "TYPE", repeat=True, kind="instance"),
        Option("--transform-instance", "where it can transform", "TYPE", repeat=True, kind="instance"),
        Option("--description", "of the model package", "TEXT"),
        INFERENCE_SCRIPT,
        SOURCE,
        ENV,
        *_RUNS,
    ),
    _kind(
        "transform",
        "predict for a whole data set",
        MODEL,
        INPUT,
        OUTPUT,
        INSTANCE,
        CONTENT,
        Option("--split", "how data is cut into records", choices=("None", "Line", "RecordIO", "TFRecord")),
        Option("--strategy", "records together or one by one", choices=("MultiRecord", "SingleRecord")),
        Option("--input-filter", "the part of a record that the model sees, such as $$[1:]", "JSONPATH"),
        Option("--output-filter", "the part of the result to keep", "JSONPATH"),
        Option("--join", "put the input beside the prediction", flag=True),
        ENV,
        TAG,
        CACHE,
        *_RUNS,
        description="--model names a model step.",
    ),
    _kind("condition", "choose steps: the cell is an if with elif and else", *_COMMON),
    _kind("fail", "end the execution as failed; the cell is the message", *_COMMON),
    _kind(
        "lambda",
        "call the cell's function in AWS Lambda",
        INPUT,
        Option(
            "--output",
            "a key of what it returns: NAME or NAME:Integer, :Float, :Boolean",
            "NAME",
            "-o",
            repeat=True,
        ),
        Option(
            "--function", "the function's name; the ARN of one that is there already, without a body", "NAME"
        ),
        SCRIPT,
        Option("--runtime", "the Python that it runs in; python3.12 by default", "NAME"),
        Option(
            "--handler", "the function that is called, as MODULE.FUNCTION; by default the cell's own", "NAME"
        ),
        Option("--timeout", "seconds that a call may take; 120 by default", "SECONDS"),
        Option("--memory", "megabytes; 128 by default", "MB"),
        CACHE,
        *_RUNS,
    ),
    _kind(
        "callback",
        "send a token to a queue and wait until it comes back",
        INPUT,
        Option(
            "--output",
            "a key of the answer: NAME or NAME:Integer, :Float, :Boolean",
            "NAME",
            "-o",
            repeat=True,
        ),
        Option("--queue", "the SQS queue's URL", "URL"),
        CACHE,
        *_RUNS,
    ),
    _kind(
        "notebook",
        "run a notebook as a job: a file, or the cell as its only cell",
        Option("--notebook", "the .ipynb file", "FILE", kind="file"),
        Option("--kernel", "the kernel; python3 by default", "NAME"),
        RESULTS,
        JOB_NAME,
        PARAM,
        WITH,
        *_JOB,
    ),
    _kind(
        "quality-check",
        "compare data or a model with a baseline; `name: value` lines say how",
        INPUT,
        Option("--check", "what is checked; data by default", choices=("data", "model")),
        Option("--group", "the model package group that holds the baselines", "GROUP"),
        Option("--skip", "only compute the baseline, do not compare", flag=True),
        Option("--register-baseline", "keep the new baseline for the registry", flag=True),
        RESULTS,
        INSTANCE,
        ENV,
        RUNTIME,
        TAG,
        CACHE,
        *_COMMON,
    ),
    _kind(
        "clarify-check",
        "check for bias; `name: value` lines say of what",
        INPUT,
        Option(
            "--check",
            "what is checked; data-bias by default",
            choices=("data-bias", "model-bias"),
        ),
        MODEL,
        Option("--group", "the model package group that holds the baselines", "GROUP"),
        Option("--skip", "only compute the baseline, do not compare", flag=True),
        Option("--register-baseline", "keep the new baseline for the registry", flag=True),
        RESULTS,
        Option("--analysis", "where in S3 the description of the analysis is kept", "s3://…"),
        INSTANCE,
        ENV,
        RUNTIME,
        TAG,
        CACHE,
        *_COMMON,
    ),
    _kind(
        "emr",
        "run a step on an EMR cluster: the cell as PySpark, or a jar",
        INPUT,
        Option("--cluster", "the cluster's id", "ID"),
        Option("--jar", "the jar; spark-submit of the cell by default", "JAR"),
        Option("--main-class", "the jar's class", "CLASS"),
        ARG,
        SCRIPT,
        CACHE,
        *_RUNS,
    ),
)

STEP = Verb("step", "a step whose job is the cell", verbs=STEP_KINDS, faces=NOTEBOOK)
