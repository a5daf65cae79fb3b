"""The `hansa` command. It only knows where its parts are; a part is imported when it is called.

Exit status: 0 done, 1 failed, 2 called in a wrong way. A failure is told in a sentence that says how to go
on; a traceback is a bug.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from hansa import __version__

__all__ = ["hansa", "main"]

_PARTS = {
    "bench": ("hansa.bench.command:bench", "Put load on a chain and measure it."),
    "chain": ("hansa.chain.command:chain", "Build a chain, or what joins one: agencies, nodes, SDKs."),
    "doctor": ("hansa.doctor.command:doctor", "Look for what usually goes wrong, and say what to change."),
}
"""Commands by name: where each is defined, and its line in the help."""


class _Parts(click.Group):
    """The group whose members are imported when they are used, so that every command starts at once."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted({*super().list_commands(context), *_PARTS})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _PARTS:
            return super().get_command(context, name)
        command = _load(_PARTS[name][0])
        return command if isinstance(command, click.Command) else None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        lines = {name: help_line for name, (_, help_line) in _PARTS.items()}
        lines |= {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(lines.items()))


def _load(reference: str) -> Any:
    """The object that `module:name` stands for."""
    module, _, name = reference.partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name != "hansa._kernel":
            raise
        raise click.ClickException(
            "the compiled kernel of hansa is missing. Install a wheel of hansa, or run `make setup`."
        ) from error


@click.group(cls=_Parts, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-v", "--version", prog_name="hansa")
def hansa() -> None:
    """A consortium blockchain platform, compatible with FISCO BCOS 2.x."""


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        settings = import_module("hansa.node.settings")
        compatible = ".".join(map(str, settings.SUPPORTED_VERSION_DEFAULT))
        click.echo(f"FISCO-BCOS Version : {compatible}\nHansa Version      : {__version__}")
        context.exit()


@hansa.command()
@click.option(
    "-c",
    "--config",
    "config",
    type=click.Path(path_type=Path),
    default=Path("config.ini"),
    show_default=True,
    help="The node's configuration; its folders are found from there.",
)
@click.option(
    "-v",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show which FISCO BCOS it stands for, and its own version.",
)
def node(config: Path) -> None:
    """Run a node until it is told to end (SIGTERM or Ctrl-C)."""
    errors: type[Exception] = _load("hansa.codec.ini:SettingsError")
    if not config.is_file():
        raise click.ClickException(f"there is no file {config}. Name the node's config.ini with -c.")
    try:
        status = _load("hansa.node.main:run")(config)
    except errors as error:
        raise click.ClickException(str(error)) from error
    if status:
        raise SystemExit(int(status))


def main() -> None:
    """Entry point of the console script."""
    hansa.main(prog_name="hansa", args=sys.argv[1:])


if __name__ == "__main__":
    main()
