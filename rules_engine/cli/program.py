"""The program: its commands, its exit codes, and what becomes of what goes wrong."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any, Final

import click

from rules_engine.cli import findings
from rules_engine.cli.cases import run_cases
from rules_engine.cli.certifying import certify
from rules_engine.cli.cliffs import cliffs
from rules_engine.cli.codes import code
from rules_engine.cli.compiling import compile_ruleset
from rules_engine.cli.demo import demo
from rules_engine.cli.explaining import explain
from rules_engine.cli.journals import journal
from rules_engine.cli.methodologies import methodologies
from rules_engine.cli.misuse import MisuseError, StoppedError
from rules_engine.cli.output import FORMAT, write_json
from rules_engine.cli.pricing import price
from rules_engine.cli.running import run
from rules_engine.cli.schemas import schema
from rules_engine.cli.showing import show
from rules_engine.cli.sql import sql
from rules_engine.cli.validating import validate
from rules_engine.diagnostics import RulesetError
from rules_engine.ledger import UnbalancedError
from rules_engine.methodology import SettlementError

_FINDINGS: Final = 1
_INTERNAL: Final = 70  # EX_SOFTWARE of sysexits.h


class _Program(click.Group):
    """The group of all commands; it turns every failure into a message and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (click.Abort, click.exceptions.Exit):
            raise
        except click.ClickException as error:
            if ctx.params.get("debug") and error.__cause__ is not None:
                traceback.print_exception(error.__cause__)
            raise
        except Exception as error:
            if isinstance(error, RulesetError):
                _tell(ctx, error)
                ctx.exit(_FINDINGS)
            if ctx.params.get("debug"):
                traceback.print_exc()
            if isinstance(error, OSError):
                # A reader that went away is no failure; click ends quietly.
                if error.errno == errno.EPIPE:
                    raise
                raise MisuseError(_cannot(error)) from None
            from rules_engine.ledger.journal import JournalError  # noqa: PLC0415  it loads SQLite

            if isinstance(error, SettlementError | UnbalancedError | JournalError):
                raise StoppedError(str(error)) from None
            what = f"{type(error).__name__}: {error}".splitlines()[0]
            click.echo(
                f"rules-engine: internal error: {what}; please report it with --debug", err=True
            )
            ctx.exit(_INTERNAL)


def _tell(ctx: click.Context, error: RulesetError) -> None:
    """Print the findings that stopped a command."""
    if _wants_json(ctx):
        write_json(findings.as_json(error.diagnostics))
        return
    click.echo(findings.as_text(error.diagnostics), err=True)
    files = ", ".join(dict.fromkeys(found.location.file for found in error.diagnostics))
    click.echo(findings.summary(error.diagnostics, files), err=True)


def _wants_json(ctx: click.Context) -> bool:
    return bool(ctx.meta.get(FORMAT) == "json")


def _cannot(error: OSError) -> str:
    what = error.strerror or str(error) or type(error).__name__
    name = error.filename
    if isinstance(name, str | bytes):
        return f"{click.format_filename(name)}: {what}"
    return what


def _print_version(ctx: click.Context, _parameter: click.Parameter, asked: bool) -> None:  # noqa: FBT001  click calls it
    if not asked:
        return
    # Here, because it takes as long to import as all the rest.
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        found = version("rules-engine")
    except PackageNotFoundError:
        found = "of unknown version, because it is not installed"
    click.echo(f"rules-engine {found}")
    ctx.exit()


@click.group(
    cls=_Program,
    name="rules-engine",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.pass_context
def commands(ctx: click.Context, *, debug: bool) -> None:  # noqa: ARG001  read where errors end up
    """Validate payment contracts, price claims, settle years, and explain every amount.

    Exit codes: 0 done, 1 findings, rejected rows or failed cases, 2 misuse.
    """
    # An agreed wish of users (no-color.org): any value but an empty one switches colour off.
    if os.environ.get("NO_COLOR"):
        ctx.color = False


for _command in (
    validate,
    run,
    price,
    run_cases,
    certify,
    cliffs,
    explain,
    journal,
    sql,
    code,
    methodologies,
    schema,
    show,
    compile_ruleset,
    demo,
):
    commands.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code.

    Args:
        arguments: What stands after the program's name; None takes the process's own.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal without some character must not turn a result into an error.
            stream.reconfigure(errors="backslashreplace")
    commands.main(args=None if arguments is None else list(arguments), prog_name="rules-engine")
