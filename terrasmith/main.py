"""The command `terrasmith`: puts the groups of commands together; our errors become one line and an exit code."""

import re
import sys
import traceback
from typing import Annotated

import typer

from core.errors import Transient, UserError
from terrasmith.commands import Entry, group
from tfmodule.files import printable

# In the order of `--help`, each with the first paragraph of its own help (a test holds the two together).
COMMANDS = (
    Entry(
        "up", "terrasmith.demo:up", "Start everything on this machine, with embedded defaults, until Ctrl-C or SIGTERM."
    ),
    Entry(
        "demo",
        "terrasmith.demo:demo",
        "Tell the whole story: a comment becomes a module, a merge a version, and terraform init installs it.",
    ),
    Entry("web", "terrasmith.roles:web", "Serve the registry, GitHub's webhook and the pages."),
    Entry(
        "relay",
        "terrasmith.roles:relay",
        "Turn events into jobs, keep the schedule, take back lost jobs. One is enough; two do no harm.",
    ),
    Entry(
        "worker", "terrasmith.roles:worker", "Work on one queue. Start as many processes as the machine has room for."
    ),
    Entry(
        "scanner",
        "terrasmith.roles:scanner",
        "Keep Checkov warm for the workers of this machine. It needs no database, no network and no secret.",
    ),
    Entry(
        "migrate",
        "terrasmith.roles:upgrade",
        "Bring the database to this release's schema. Safe to run twice, and from two places.",
    ),
    Entry(
        "healthcheck",
        "terrasmith.healthcheck:healthcheck",
        "Exit 0 if the web process of this container answers, 1 if not.",
    ),
    Entry(
        "engine",
        "terrasmith.engine:engine",
        "Keep Terraform and its providers running, for judgements in milliseconds instead of seconds.",
    ),
    Entry(
        "generate",
        "terrasmith.generate:generate",
        "Write a module from a sentence. "
        "Exit 0: proven. 1: it did not pass, and why. 2: nobody could make or judge it.",
    ),
    Entry(
        "eval",
        "terrasmith.evaluate:evaluate",
        "Measure what a writer makes of requests. Exit 0: told. 1: worse than `--against`. 2: nobody could tell.",
    ),
    Entry(
        "templates",
        "terrasmith.templates:app",
        "The templates that write modules without a Claude key: look, and add.",
    ),
    Entry(
        "check",
        "terrasmith.check:check",
        "Judge a module. Exit 0: passed. 1: refused, with findings. 2: nobody could judge, and why.",
    ),
    Entry(
        "mocks",
        "terrasmith.mocks:mocks",
        "Defaults for mocked providers, for the types that a module uses. A file that somebody changed stays as it is.",
    ),
    Entry(
        "publish",
        "terrasmith.publish:publish",
        "Publish a module version by API. Exit 0: published. 1: refused, with findings. 2: it could not be done.",
    ),
    Entry(
        "verify",
        "terrasmith.verify:verify",
        "Check a published version yourself. "
        "Exit 0: verified. 1: it differs, and where. 2: nobody could tell, and why.",
    ),
    Entry(
        "compatible",
        "terrasmith.compatible:compatible",
        "Which versions of a module work with what you have? Exit 0: some do. 1: none, and why. 2: nobody could tell.",
    ),
    Entry(
        "compliance",
        "terrasmith.compliance:compliance",
        "Show what the code holds of evidence for and against a framework's requirements. Exit 2: nobody could tell.",
    ),
    Entry(
        "diff",
        "terrasmith.diff:diff",
        "What changed from A to B for users, and the least step of the version. ADDRESS is NAMESPACE/NAME/SYSTEM.",
    ),
    Entry(
        "conformance",
        "terrasmith.conformance.command:conformance",
        "Hold a module registry to the protocol. Exit 0: what ran has passed. 1: something failed. 2: nothing to ask.",
    ),
    Entry(
        "gc",
        "terrasmith.gc:gc",
        "Collect garbage now: versions that a retention policy lets go, and bytes that nothing refers to.",
    ),
    Entry(
        "openapi",
        "terrasmith.openapi:openapi",
        "Print the HTTP API as an OpenAPI 3.1 document. Needs no settings and no database.",
    ),
    Entry(
        "sandbox",
        "terrasmith.sandbox:sandbox",
        "Try what a module's code must not be able to do on this machine. Exit 0: contained. 1: not, and what to do.",
    ),
    Entry(
        "search",
        "terrasmith.search:search",
        "Find modules by words, beginnings of words, resource types. Exit 1 when nothing is found.",
    ),
    Entry(
        "reindex",
        "terrasmith.reindex:reindex",
        "Make the search's index anew from what the versions hold. Safe while the registry serves.",
    ),
    Entry(
        "issue-form",
        "terrasmith.issue_form:issue_form",
        "Print the form in which people ask for modules, for a repository's .github/ISSUE_TEMPLATE.",
    ),
    Entry("runs", "terrasmith.runs:app", "Look at jobs, and retry those that were given up."),
    Entry("token", "terrasmith.token:app", "Tokens with which Terraform reads private modules, and CI publishes."),
    Entry("namespace", "terrasmith.namespace:app", "Namespaces: born when the GitHub App is installed."),
    Entry("module", "terrasmith.module:app", "Modules: what is in them, and where they are published from."),
    Entry("version", "terrasmith.version:app", "Published versions: where they stand, and moving one."),
    Entry(
        "retention", "terrasmith.retention:app", "Retention: which versions may go by age. Without a policy none does."
    ),
    Entry("policy", "terrasmith.policy:app", "An organisation's policies in Rego: write and try them, and set them."),
    Entry("storage", "terrasmith.storage:app", "Where archives are kept: a folder, or a bucket of S3."),
)

_ANSWER = re.compile(r"Exit [012](?::| when)")
_SHOWN = 300

app = typer.Typer(
    name="terrasmith",
    cls=group(COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Writes Terraform modules on request and releases them into its own registry.",
    epilog="Start with `terrasmith demo`: the whole road on this machine, with a simulated GitHub.",
)


def _version(value: bool) -> None:
    if value:
        from importlib import metadata

        typer.echo(metadata.version("terrasmith"))
        raise typer.Exit


@app.callback()
def _options(
    _show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Writes Terraform modules on request and releases them into its own registry."""


def main() -> None:
    """The entry point. Exit 1: we say why. 2: a wrong command line, nobody could tell, or a bug."""
    try:
        app()
    except UserError as error:
        print(f"terrasmith: {error.message}", file=sys.stderr)
        sys.exit(1)
    except Transient as error:
        print(f"terrasmith: {error.message} Try again in a moment.", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if not _answers_by_exit(sys.argv[1:]):
            raise
        # Python would end with 1, and 1 is an answer of these commands: "refused".
        if sys.flags.dev_mode:
            traceback.print_exc()
        said = printable(f"{type(error).__name__}: {error}".splitlines()[0])
        print(
            f"terrasmith: this is a bug of Terrasmith, and no answer: {said[:_SHOWN]}."
            " With PYTHONDEVMODE=1 it shows where; please report that.",
            file=sys.stderr,
        )
        sys.exit(2)


def _answers_by_exit(arguments: list[str]) -> bool:
    """Whether the exit code 1 of this command line is an answer."""
    first = next((one for one in arguments if not one.startswith("-")), "")
    return any(entry.name == first and _ANSWER.search(entry.help) for entry in COMMANDS)
