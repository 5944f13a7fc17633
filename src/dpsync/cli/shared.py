"""What every command shares: the options, the one error handler, and where reports go.

The handler is the only place that may catch `Exception`: it turns a bug into a report that a user can paste.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

import click

from dpsync.cli.tokens import read_from_files, token_file_option
from dpsync.errors import DpsyncError, InvalidManifests, UsageError

if TYPE_CHECKING:
    from dpsync.model.finding import Finding
    from dpsync.model.report import Page, Report
    from dpsync.settings import Settings

INTERRUPTED = 130
WORKSPACE_FILE = "dpsync.yaml"
DEFAULT_FORMAT = "text"
GITHUB = "github"
_LEAST_TOKEN = 16
_JOB_SUMMARY = 1_000_000
"""How many bytes of Markdown go to a job summary; GitHub takes 1 MiB of each step, and shows nothing of what is longer."""
_BYTES_OF_A_CHARACTER = 4
"""The most that UTF-8 needs."""

Command = TypeVar("Command", bound=Callable[..., Any])


def run(action: Callable[[], object]) -> NoReturn:
    """Run a command and end the process with its exit code. Usage errors are 1, not click's own 2 (DESIGN 8).

    A terminal that cannot show a character gets its code instead of an error.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_exit_code(action))


def _exit_code(action: Callable[[], object]) -> int:
    try:
        result = action()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return UsageError.exit_code
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "dpsync"
        # click puts choices into lines of their own
        said = error.format_message().replace("\n\t", " ")
        complain(said, f"`{where} --help` shows how it is used.")
        return UsageError.exit_code
    except click.ClickException as error:
        complain(error.format_message())
        return UsageError.exit_code
    except InvalidManifests as error:
        complain_about(error.findings)
        return error.exit_code
    except DpsyncError as error:
        complain(error.message, error.remedy)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        complain("Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:
        _swallow_broken_pipe()
        return UsageError.exit_code
    except UnicodeEncodeError:
        complain("A name on the command line is not UTF-8.", "Use a key or an id, or set LANG=C.UTF-8.")
        return UsageError.exit_code
    except OSError as error:
        what = f" ({error.filename})" if error.filename else ""
        complain(f"The operating system refused to read or write{what}: {error.strerror or error}.")
        return UsageError.exit_code
    except Exception:  # noqa: BLE001 - the one place that may: a bug becomes a report
        _report_bug()
        return UsageError.exit_code
    return result if isinstance(result, int) else 0


def complain(message: str, remedy: str = "") -> None:
    """Say on stderr what went wrong, and what to do next. Whatever a name has in it, it moves no cursor."""
    from dpsync.reports.layout import visible

    for text in (f"Error: {message}", f"       {remedy}" if remedy else ""):
        if text:
            click.echo("\n".join(visible(line) for line in text.split("\n")), err=True)


def complain_about(findings: Iterable[Finding]) -> None:
    """Print findings on stderr, in the words of the text report."""
    from dpsync import __version__
    from dpsync.model.report import Report
    from dpsync.reports import FORMATS

    report = Report("validate", __version__, findings=tuple(findings))
    click.echo(FORMATS[DEFAULT_FORMAT](report, page_for(sys.stderr)), nl=False, err=True)


def list_findings(findings: Iterable[Finding]) -> None:
    """Print findings on stderr, and nothing about what they come to."""
    from dpsync.reports.text import listed

    text = listed(findings, page_for(sys.stderr))
    if text:
        click.echo(text, nl=False, err=True)


def _swallow_broken_pipe() -> None:
    """The reader of our output went away (`dpsync plan | head`); there is nobody left to tell."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - outlives this function


def _report_bug() -> None:
    import platform
    import traceback

    from dpsync import __version__

    click.echo(
        "This is a bug in dpsync. Please report it with the lines below; they hold no token.", err=True
    )
    click.echo(f"dpsync {__version__}, Python {platform.python_version()}, {platform.platform()}", err=True)
    frames = traceback.TracebackException(*sys.exc_info(), capture_locals=False)
    click.echo(_without_tokens("".join(frames.format())), err=True, nl=False)


def _without_tokens(text: str) -> str:
    """The text without what any variable or file held that may be a token; what is shorter than a token is none."""
    from dpsync.settings import TOKEN_PREFIX

    held = (value.strip() for name, value in os.environ.items() if name.startswith(TOKEN_PREFIX))
    for value in (*held, *read_from_files()):
        if len(value) >= _LEAST_TOKEN:
            text = text.replace(value, "(the token)")
    return text


# Options.


def workspace_options(command: Command) -> Command:
    """`--workspace` and `--env`, which every command over manifests has."""
    for option in (
        click.option(
            "--env",
            "environment",
            metavar="NAME",
            envvar="DPSYNC_ENV",
            help="The environment of dpsync.yaml. Needed where there is more than one.",
        ),
        workspace_option,
    ):
        command = option(command)
    return command


def workspace_option(command: Command) -> Command:
    """`--workspace`, alone where no environment is asked for."""
    option = click.option(
        "--workspace",
        "workspace",
        metavar="FOLDER",
        envvar="DPSYNC_WORKSPACE",
        type=click.Path(path_type=Path),
        help="The folder with dpsync.yaml. Default: this folder or the nearest above it.",
    )
    return option(command)


def url_option(command: Command) -> Command:
    """`--url` and `--token-file`, for commands that talk to a marketplace."""
    option = click.option(
        "--url",
        metavar="URL",
        envvar="DPSYNC_URL",
        help="Use this address instead of the environment's. The same hosts are allowed.",
    )
    return option(token_file_option(command))


def report_options(command: Command) -> Command:
    """`--report` and `--json`."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Short for --report json."),
        click.option(
            "--report",
            "reports",
            metavar="FORMAT[=FILE]",
            multiple=True,
            envvar="DPSYNC_REPORT",
            help="Write a report: text, markdown, html, json, sarif, junit, github, gitlab or gitlab-codequality; "
            "to a file, or to stdout. May be repeated.",
        ),
    ):
        command = option(command)
    return command


def carrying_out_options(command: Command) -> Command:
    """`--lock-timeout` and `--auto-approve`, for commands that carry a plan out."""
    for option in (
        click.option(
            "--auto-approve", is_flag=True, help="Do not ask. For pipelines; there is no variable for it."
        ),
        click.option(
            "--lock-timeout",
            metavar="SECONDS",
            envvar="DPSYNC_LOCK_TIMEOUT",
            type=click.FloatRange(min=0),
            default=60,
            show_default=True,
            help="How long to wait for another apply of this workspace on this machine.",
        ),
    ):
        command = option(command)
    return command


class Wanted(NamedTuple):
    """A report that was asked for: its format, and the file it goes to, or None for stdout.

    `folder` is where the workspace stands below the top of its repository (`Page.folder`).
    """

    format: str
    file: Path | None
    folder: str = ""

    @property
    def is_default(self) -> bool:
        """Whether it is what is written where nothing was asked for: text on stdout."""
        return self.format == DEFAULT_FORMAT and self.file is None


def not_empty(_context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """For options: an empty text, as an unset variable of a pipeline leaves it, must not mean what leaving it out means."""
    if value == "":
        raise UsageError(f"{option.opts[0]} is empty.", "Give it a value, or leave it out.")
    return value


def wanted_reports(
    reports: Sequence[str], *, as_json: bool, workspace: Path | None = None
) -> tuple[Wanted, ...]:
    """The reports to write; text on stdout unless another one goes there. Raises UsageError.

    A file that cannot be written is refused here already, before anything is read or changed.
    """
    from dpsync.reports import FORMATS

    folder = _folder_of(workspace)
    wanted: list[Wanted] = []
    for text in (*reports, *(("json",) if as_json else ())):
        name, _, path = text.partition("=")
        if name not in FORMATS:
            raise UsageError(f"There is no report format {name!r}.", f"Formats: {', '.join(FORMATS)}.")
        if text.endswith("=") and not path:
            raise UsageError(f"The report {text!r} names no file.", f"Name one, or write `--report {name}`.")
        file = Path(path) if path else None
        if file is not None:
            _refuse_unwritable(file)
            if any(one.file == file for one in wanted):
                raise UsageError(f"Two reports would go to {file}.", "Name a file for each.")
        wanted.append(Wanted(name, file, folder))
    if sum(1 for one in wanted if one.file is None) > 1:
        raise UsageError("Only one report can go to stdout.", "Name a file: --report markdown=plan.md")
    if all(one.file is not None for one in wanted):
        wanted.append(Wanted(DEFAULT_FORMAT, None, folder))
    return tuple(wanted)


def _folder_of(workspace: Path | None) -> str:
    """Where the workspace stands below the top of its Git repository; empty if it is the top, or if there is none."""
    from dpsync.manifests.workspace import find_workspace

    file = find_workspace(Path.cwd()) if workspace is None else workspace / WORKSPACE_FILE
    if file is None:
        return ""
    root = file.parent.resolve()
    top = next((one for one in (root, *root.parents) if (one / ".git").exists()), root)
    return "" if top == root else root.relative_to(top).as_posix()


def write_reports(report: Report, wanted: Iterable[Wanted]) -> None:
    """Render and write each report, files first. Raises UsageError if one cannot be written, after the others are."""
    from dataclasses import replace

    from dpsync import checks
    from dpsync.reports import FORMATS

    report = replace(report, pages={rule.name: rule.page for rule in checks.GUARDRAILS})
    failed: UsageError | None = None
    for one in sorted(wanted, key=lambda one: one.file is None):
        try:
            if one.file is not None:
                write_file(
                    one.file,
                    FORMATS[one.format](report, replace(page_for(None), folder=one.folder)),
                    "The report",
                )
            else:
                page = replace(page_for(sys.stdout), folder=one.folder)
                _say(FORMATS[one.format](report, page))
            if one.format == GITHUB:
                _add_to_job_summary(_job_summary(report))
        except UsageError as error:
            failed = failed or error
    if failed is not None:
        raise failed


def _say(text: str) -> None:
    """Write to stdout. A reader who went away (`| head`) does not change what came of the run, nor its exit code."""
    try:
        click.echo(text, nl=False)
        sys.stdout.flush()
    except BrokenPipeError:
        _swallow_broken_pipe()


def _job_summary(report: Report) -> str:
    """The Markdown of a report, in the fullest length that GitHub takes: a limit is in characters, GitHub's is in bytes."""
    from dataclasses import replace

    from dpsync.reports import FORMATS

    text = ""
    for limit in (_JOB_SUMMARY, _JOB_SUMMARY // _BYTES_OF_A_CHARACTER):
        text = FORMATS["markdown"](report, replace(page_for(None), limit=limit))
        if len(text.encode()) <= _JOB_SUMMARY:
            break
    return text


def _add_to_job_summary(text: str) -> None:
    """Add to what GitHub Actions shows as the summary of the job, where there is one."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    try:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise _not_written("The job summary", Path(file), error.strerror) from None


def write_file(file: Path, text: str, what: str) -> None:
    """Write a file that was asked for, whole or not at all.

    Raises UsageError if it cannot be, or if a link leads to another place.
    """
    if leads_out(file):
        raise UsageError(
            f"{what} is not written to {file}: a link leads from there out of this folder.",
            "Remove the link, or name the file itself.",
        )
    try:
        _put(Path(os.path.realpath(file)), text)
    except OSError as error:
        raise _not_written(what, file, error.strerror) from None


def _put(file: Path, text: str) -> None:
    """Put a file in its place, so that nobody ever reads half of it; a pipe or a device is written to."""
    from dpsync.manifests.rewriting import put

    if file.exists() and not file.is_file():
        file.write_text(text, encoding="utf-8")
        return
    put(file, text.encode())


def _refuse_unwritable(file: Path) -> None:
    """Raises UsageError if it is certain that the file cannot be written."""
    if file.is_dir():
        raise _not_written("The report", file, os.strerror(errno.EISDIR))
    if not file.parent.is_dir():
        raise _not_written("The report", file, os.strerror(errno.ENOENT))
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise _not_written("The report", file, os.strerror(errno.EACCES))


def _not_written(what: str, file: Path, why: str | None) -> UsageError:
    is_missing = why == os.strerror(errno.ENOENT)
    remedy = "Make its folder first, or name another file." if is_missing else "Name another file."
    return UsageError(f"{what} cannot be written to {file}: {why}.", remedy)


def leads_out(file: Path) -> bool:
    """Whether a path below the current folder leads out of it: a link there may be somebody else's."""
    here = Path(os.path.realpath(os.curdir))
    named = Path(os.path.normpath(here / file))
    return named.is_relative_to(here) and not Path(os.path.realpath(file)).is_relative_to(here)


@contextmanager
def reported_if_invalid(command: str, wanted: Iterable[Wanted]) -> Iterator[None]:
    """Write the reports that were asked for also when the manifests are not valid; the text goes to stderr then."""
    from dpsync import __version__
    from dpsync.model.report import Report

    try:
        yield
    except InvalidManifests as error:
        others = tuple(one for one in wanted if not one.is_default)
        write_reports(Report(command, __version__, findings=error.findings), others)
        raise


def page_for(stream: IO[str] | None) -> Any:
    """What a stream or a file can show: its width, and colour on a terminal unless NO_COLOR is set.

    In a pipeline, also how long a comment of its host may be, and where the run is found.
    """
    import shutil

    from dpsync.model.report import Page

    if stream is None or not stream.isatty():
        return _page_of_pipeline()
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Page(width=max(40, shutil.get_terminal_size().columns), colour=colour)


def _page_of_pipeline() -> Page:
    from dpsync.hosts import host_here
    from dpsync.model.report import Page

    host = host_here(os.environ)
    return Page() if host is None else Page(limit=host.limit, link=host.link(os.environ))


def is_interactive() -> bool:
    """Whether somebody can be asked: a terminal on both ends, and not a pipeline."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


# The workspace.


def settings_for(
    workspace: Path | None, environment: str | None, url: str | None = None, policy_from: str | None = None
) -> Settings:
    """The settings of the workspace and environment. Raises UsageError or InvalidManifests.

    With `policy_from`, dpsync.yaml is that of a Git revision. The manifests stay those at hand, and so does what says where
    they are and what they mean, folders, patches and variables: otherwise what was moved to another folder would look deleted.
    """
    from dataclasses import replace

    root = root_of(workspace)
    with _as_of(root, policy_from, WORKSPACE_FILE) as folder:
        settings = _settings_in(folder / WORKSPACE_FILE, root, environment, url)
    if policy_from is None:
        return settings
    from dpsync.pipeline.bases import layout_in

    layout = layout_in(root, settings)
    return replace(settings, manifests=layout.manifests, patches=layout.patches, variables=layout.variables)


def root_of(workspace: Path | None) -> Path:
    """The folder of the workspace: the one named, or the nearest one from here upwards. Raises UsageError."""
    from dpsync.manifests.files import find_workspace
    from dpsync.manifests.workspace import NO_WORKSPACE, NO_WORKSPACE_REMEDY

    file = find_workspace(Path.cwd()) if workspace is None else workspace / WORKSPACE_FILE
    if file is None:
        raise UsageError(NO_WORKSPACE, NO_WORKSPACE_REMEDY)
    if not file.is_file():
        raise UsageError(f"There is no {WORKSPACE_FILE} in {workspace}.", "Name the folder that has it.")
    return file.parent.resolve()


def _settings_in(file: Path, root: Path, environment: str | None, url: str | None) -> Settings:
    from dpsync import checks
    from dpsync.manifests.workspace import read_workspace
    from dpsync.settings import read_settings

    document, findings = read_workspace(file)
    if document is None or any(finding.is_error for finding in findings):
        raise InvalidManifests(findings)
    settings = read_settings(
        document, document.root, file.name, root, environment=environment, environ=os.environ, url=url
    )
    problems = tuple(checks.problems_of(document, file.name))
    if problems:
        raise InvalidManifests(problems)
    return settings


@contextmanager
def _as_of(root: Path, ref: str | None, path: str) -> Iterator[Path]:
    """The workspace, or the part of it below a path as it is in a Git revision."""
    if ref is None:
        yield root
        return
    from dpsync.manifests.revision import at_revision

    with at_revision(root, ref, [path]) as folder:
        yield folder


def policed(
    settings: Settings, policy_from: str | None = None, allow: Sequence[str] = ()
) -> tuple[Settings, tuple[Finding, ...]]:
    """The settings with the exceptions of the workspace and of the command line, and the warnings about them.

    Raises InvalidManifests for an exception that is not valid, UsageError for an `--allow` that is not.
    """
    from dataclasses import replace

    from dpsync import checks
    from dpsync.manifests.exceptions import read_exceptions

    with _as_of(settings.root, policy_from, settings.exceptions) as folder:
        exemptions, findings = read_exceptions(folder, settings.exceptions)
    findings = (*findings, *checks.exemption_problems(exemptions))
    if any(finding.is_error for finding in findings):
        raise InvalidManifests(findings)
    allowances = tuple(checks.allowance(text) for text in allow)
    policy = replace(settings.policy, exemptions=(*exemptions, *allowances))
    return replace(settings, policy=policy), findings


def keep_out_of_git(folder: Path) -> None:
    """Let Git ignore what dpsync keeps in a folder of its own: journals and the sandbox are nobody's commit."""
    mark = folder / ".gitignore"
    if folder.name == ".dpsync" and not mark.exists():
        folder.mkdir(exist_ok=True)
        mark.write_text("*\n", encoding="utf-8")


@contextmanager
def a_sandbox_file(file: Path) -> Iterator[None]:
    """Say so in a sentence when a file is no sandbox."""
    from dpsync.sandbox import NotASandbox

    try:
        yield
    except NotASandbox as error:
        raise UsageError(str(error), "Name another file, or remove this one if it is not needed.") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be used: {error.strerror or error}.") from None
