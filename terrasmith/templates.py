"""`terrasmith templates`: what is written without a key, of what each consists, and the beginning of a new one."""

import json
from pathlib import Path
from typing import Annotated

import typer

from core.errors import UserError
from generator.catalogue import Option, Template, built_in
from generator.own_templates import read_own, skeleton
from terrasmith.columns import show as show_table
from terrasmith.module_folder import write_files
from tfmodule.docs import interface_tables
from tfmodule.files import printable
from tfmodule.hcl import read_facts
from tfmodule.interface import Interface

app = typer.Typer(no_args_is_help=True, help="The templates that write modules without a Claude key: look, and add.")

Folder = Annotated[
    Path | None,
    typer.Option("--templates", metavar="DIR", help="A folder of your own templates, too.", show_default=False),
]


@app.command("list")
def list_templates(
    own: Folder = None,
    *,
    json_output: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the templates, each with a request that it fits."""
    found = all_templates(own)
    if json_output:
        typer.echo(json.dumps([_about(template) for template in found], indent=2))
    else:
        show_table(
            ("TEMPLATE", "TITLE", "A REQUEST THAT FITS"), [(one.folder, one.title, one.example) for one in found]
        )


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="TEMPLATE", help="A name of `terrasmith templates list`.")],
    own: Folder = None,
    *,
    json_output: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Show one: what it creates, which words of a request change it, its inputs and its outputs."""
    found = all_templates(own)
    template = next((one for one in found if one.folder == name), None)
    if template is None:
        names = ", ".join(one.folder for one in found)
        raise UserError(f"There is no template `{printable(name)}`. There are {names}.")
    if json_output:
        typer.echo(json.dumps(_about(template), indent=2))
    else:
        typer.echo(_described(template))


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="SYSTEM-NAME", help="Such as aws-cache.")],
    parent: Annotated[Path, typer.Option("--in", metavar="DIR", help="Where its folder is made.")] = Path("templates"),
) -> None:
    """Begin a template of your own: a folder that works as it is, to be filled."""
    files = skeleton(name)
    folder = parent / name
    if folder.exists():
        raise UserError(f"`{printable(str(folder))}` is there already; nothing was written.")
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UserError(f"`{printable(str(folder))}` cannot be made: {error.strerror}.") from None
    write_files(folder, files)
    typer.echo(
        f"{printable(str(folder))} holds it. Fill it as docs/guides/add-a-template.md says, and try it: "
        f'`terrasmith generate "{name.partition("-")[2].replace("-", " ")}" --templates {parent}`.'
    )


def all_templates(own: Path | None) -> tuple[Template, ...]:
    """The built-in ones and those of a folder. Of two with one name the folder's own counts."""
    found = {template.folder: template for template in built_in()}
    if own is not None:
        found |= {template.folder: template for template in read_own(own)}
    return tuple(found[name] for name in sorted(found))


def _about(template: Template) -> dict[str, object]:
    interface = _interface(template)
    return {
        "template": template.folder,
        "title": template.title,
        "summary": template.summary,
        "example": template.example,
        "providers": {name: dict(values) for name, values in template.providers.items()},
        "options": [{"words": list(option.words), "says": _says(option)} for option in template.options],
        "inputs": [one.name for one in interface.inputs],
        "outputs": [one.name for one in interface.outputs],
    }


def _described(template: Template) -> str:
    providers = ", ".join(f"{one['source']} {one.get('version', '')}".strip() for one in template.providers.values())
    options = [f"- {', '.join(option.words[:6])}: {_says(option)}" for option in template.options]
    parts = [
        f"# {template.title} ({template.folder})",
        template.summary,
        f"A request that fits: {template.example}",
        f"Providers: {providers or 'none but the built-in one'}",
        "## Words of a request that change it",
        "\n".join(options) or "None.",
        *(("## Assumptions", "\n".join(f"- {line}" for line in template.assumptions)) if template.assumptions else ()),
        interface_tables(_interface(template)).strip(),
    ]
    return "\n\n".join(parts)


def _says(option: Option) -> str:
    return option.asked.says or option.declined.says or "changes a default"


def _interface(template: Template) -> Interface:
    return Interface.from_facts(read_facts(template.files))
