"""`terrasmith issue-form`: the form in which people ask for modules, printed for a person to put into a repository."""

import typer

from bot import issue_form as form


def issue_form() -> None:
    """Print the form in which people ask for modules, for a repository's .github/ISSUE_TEMPLATE."""
    typer.echo(form.text(), nl=False)
    typer.echo(f"Put it at {form.PLACE} on the default branch of the repository.", err=True)
