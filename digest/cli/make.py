"""The commands that do the week's work: init, demo, poll, draft, build, send, run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digest.cli import app
from digest.cli.place import HERE, Folder, Json, Week, emit, note, now, place, say
from digest.errors import UsageError

BUSY = "another run is at work in this digest; nothing done"


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Where to make the digest.")] = HERE,
) -> None:
    """Write a commented digest.toml and a feeds.opml; what is there already is never overwritten.

    \b
    Example:  digest init my-digest
    """
    from digest.cli.packaged import default_settings, default_subscriptions
    from digest.config import FILE

    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ((FILE, default_settings()), ("feeds.opml", default_subscriptions())):
        path = folder / name
        if path.exists():
            say(f"{path} is there already: kept")
        else:
            path.write_text(text, "utf-8")
            say(f"{path} written")
    say("Next: set title, handle and mail in digest.toml, look through feeds.opml, then `digest run`.")


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--dir", "-C", help="Where to build it.")] = Path("digest-demo"),
) -> None:
    """Do the whole job on the recorded feeds that ship with the package, without network.

    Polls, drafts, builds and delivers one issue into a local Maildir, and prints where it lies.

    \b
    Example:  digest demo --dir /tmp/demo
    """
    from digest import demo as recorded
    from digest import publish
    from digest.cli import steps
    from digest.cli.packaged import default_topics

    if folder.exists() and any(folder.iterdir()) and not (folder / recorded.MARK).exists():
        raise UsageError(str(folder), "is not empty and no demo; name another folder with --dir")
    recorded.write(folder, default_topics())
    here, week = place(folder), recorded.WEEK
    with here.store() as store:
        report = steps.polled(here, store, recorded=True)
        for line in steps.poll_lines(report):
            say(line)
        desk = here.desk(store)
        drafted = publish.draft(desk, week, recorded.NOW)
        say(steps.drafted_line(drafted))
        built = publish.build(desk, week, here.look(), recorded.NOW)
        sent = steps.sent(here, desk, week, lambda: recorded.NOW)
    say(steps.sent_line(sent))
    say()
    for name, path in {
        "draft": drafted.path,
        **built.files,
        "mail": here.folder / here.config.mail.folder,
    }.items():
        say(f"  {name:14} {path}")


@app.command()
def poll(
    folder: Folder = HERE,
    feed: Annotated[str | None, typer.Option(help="Only this feed: its address or part of it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Ask feeds that are not due, too.")] = False,
    as_json: Json = False,
) -> None:
    """Fetch the feeds that are due, store what is new, fetch and extract the articles.

    \b
    Example:  digest poll --feed simonwillison.net --force
    """
    from digest.cli import steps

    here = place(folder)
    with here.store() as store, store.lock("run") as ours:
        if not ours:
            note(BUSY)
            return
        report = steps.polled(here, store, only=feed, force=force)
    if as_json:
        emit(steps.report_as_json(report))
    else:
        for line in steps.poll_lines(report):
            say(line)
    raise typer.Exit(1 if report.failed else 0)


@app.command()
def draft(
    week: Week = None,
    folder: Folder = HERE,
    again: Annotated[
        bool, typer.Option("--again", help="Choose anew; the edited file is kept as WEEK.md.bak.")
    ] = False,
) -> None:
    """Freeze the candidates of a week and write issues/WEEK.md, the file to edit.

    A draft that is there already is left as it is.

    \b
    Example:  digest draft 2026-W47
    """
    from digest import publish
    from digest.cli import steps

    here = place(folder)
    chosen = here.week(week)
    with here.store() as store, store.lock("run") as ours:
        if not ours:
            note(BUSY)
            return
        say(steps.drafted_line(publish.draft(here.desk(store), chosen, now(), again=again)))


@app.command()
def build(week: Week = None, folder: Folder = HERE) -> None:
    """Render issues/WEEK.md into public/WEEK/: web page, HTML mail, text, Markdown, Telegram messages.

    \b
    Example:  digest build 2026-W47
    """
    from digest import publish

    here = place(folder)
    chosen = here.week(week)
    with here.store() as store:
        built = publish.build(here.desk(store), chosen, here.look(), now())
    for warning in built.draft.warnings:
        note(warning)
    for path in built.files.values():
        say(str(path))


@app.command()
def send(
    week: Week = None,
    folder: Folder = HERE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say who would get it.")] = False,
    to: Annotated[
        str | None, typer.Option("--to", metavar="ADDRESS", help="Send one test mail there; records nothing.")
    ] = None,
) -> None:
    """Deliver a built issue to every subscriber who has not got it yet.

    \b
    Example:  digest send 2026-W47 --to me@example.org
    """
    from digest.cli import steps

    here = place(folder)
    chosen = here.week(week)
    with here.store() as store, store.lock("send") as ours:
        if not ours:
            note(BUSY)
            return
        desk = here.desk(store)
        if dry_run or to:
            say(steps.rehearsed(here, desk, chosen, to))
            return
        sent = steps.sent(here, desk, chosen)
    say(steps.sent_line(sent))
    for words in (*sent.failed, *sent.waiting):
        note(f"  {words}")
    raise typer.Exit(1 if sent.failed or sent.waiting or sent.uncertain else 0)


@app.command()
def run(folder: Folder = HERE, as_json: Json = False) -> None:
    """The cron job: poll; draft the week that closed; build and send what is approved. Safe to repeat.

    Says what it did and what it waits for; a second run at the same time leaves at once.

    \b
    Example:  17 * * * *  cd /path/to/my-digest && digest run
    """
    from digest.cli.cron import run_once

    here = place(folder)
    with here.store() as store, store.lock("run") as ours:
        if not ours:
            note(BUSY)
            return
        done = run_once(here, store)
    if as_json:
        emit(done.as_json())
    else:
        for line in done.lines:
            say(line)
    raise typer.Exit(0 if done.ok else 1)
