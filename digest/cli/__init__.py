"""The command line: reads settings, clock and environment, calls the shell, prints, ends with 0, 1 or 2.

Nothing heavy is imported at module level anywhere in this package: `digest --help` answers at once, and each
command pays for what it uses. tests/test_cli.py holds that.
"""

from __future__ import annotations

import gc
import logging
import os
import sys
from typing import Annotated

import typer

from digest import __version__
from digest.errors import DigestError

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

app = typer.Typer(
    name="digest",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"digest {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Poll feeds, fold and tag what they say, draft the week's issue, and deliver it.

    \b
    First time:  digest init my-digest && cd my-digest && digest run
    From cron:   17 * * * *  cd /path/to/my-digest && digest run
    """


# The commands register themselves on `app`.
from digest.cli import feeds, look, make, reasons  # noqa: E402, F401


def main() -> None:
    """The `digest` command."""
    # Imports make some hundred thousand objects that stay until the end. To look through them for garbage again and
    # again takes an eighth of the CPU of a command that has little to do, and once more at its very end a fifth
    # (measured with CPython 3.11: 410 ms with `freeze`, 519 without, for the imports of a poll).
    gc.set_threshold(200_000, 20, 20)
    try:
        _answered()
    finally:
        gc.freeze()


def _answered() -> None:
    """The command done, its failure told in a line."""
    # What concerns a user is in the output; the log is for whoever looks into something.
    level = os.environ.get("DIGEST_LOG", "error").upper()
    logging.basicConfig(
        level=level if level in _LEVELS else "ERROR", format="%(levelname)s %(name)s %(message)s"
    )
    try:
        app()
    except DigestError as error:
        typer.echo(f"digest: {error}", err=True)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        typer.echo("digest: interrupted; nothing that was saved is lost, run it again to go on", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe (head, less) left: not an error of ours.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        # The machine refused: no permission, a full disk, a folder where a file should be.
        subject = f"{error.filename}: " if error.filename else ""
        typer.echo(f"digest: {subject}{error.strerror or error}", err=True)
        sys.exit(1)
