"""What `make demo` runs: a marketplace on this machine, and dpsync against it, from empty to `No changes.`

The marketplace is `dpsync sandbox serve` in a process of its own, speaking HTTP on 127.0.0.1. It ends with this script.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
FOLDER = EXAMPLES.parent / ".demo"
DPSYNC = str(Path(sysconfig.get_path("scripts")) / "dpsync")
TOKEN = "sandbox"


def main() -> int:
    """Run the demonstration. Returns 0 when every step did what it should."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    shutil.copytree(EXAMPLES / "products", FOLDER / "products")
    shutil.copy(EXAMPLES / "dpsync.yaml", FOLDER)
    _say("A marketplace of our own: dpsync sandbox serve")
    with _marketplace() as url:
        print(f"It listens on {url} and holds a company's sources and people.", flush=True)
        environment = {**os.environ, "DPSYNC_TOKEN": TOKEN, "DPSYNC_ENV": "local", "DPSYNC_URL": url}
        steps = (
            ("Are the manifests valid?", ["validate"]),
            ("What would change?", ["plan"]),
            ("Make it so.", ["apply", "--auto-approve"]),
            ("Is there anything left to do?", ["plan", "--detailed-exitcode"]),
        )
        for title, command in steps:
            if _dpsync(title, command, environment) != 0:
                print(
                    "\nThe demonstration broke off: this command should have ended with 0.", file=sys.stderr
                )
                return 1
    _say("What to try next")
    print(
        f"""  cd {FOLDER.relative_to(Path.cwd()) if FOLDER.is_relative_to(Path.cwd()) else FOLDER}
  export PATH="{Path(DPSYNC).parent}:$PATH" DPSYNC_ENV=sandbox
  dpsync apply --auto-approve        # the same again, in process: no server needed
  $EDITOR products/                  # change a description, remove a source, delete a file
  dpsync plan                        # and see what that would do, and to whom"""
    )
    return 0


def _dpsync(title: str, command: list[str], environment: dict[str, str]) -> int:
    _say(f"{title}  $ dpsync {' '.join(command)}")
    return subprocess.run([DPSYNC, *command], cwd=FOLDER, env=environment, check=False).returncode


def _say(title: str) -> None:
    print(f"\n── {title}", flush=True)


@contextmanager
def _marketplace() -> Iterator[str]:
    """The url of a sandbox in a process of its own, on a free port; it is ended afterwards."""
    serve = [DPSYNC, "sandbox", "serve", "--db", str(FOLDER / "marketplace.db"), "--port", "0"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            if not line:
                raise SystemExit("The sandbox did not start.")
            yield line.split()[-1]
        finally:
            server.terminate()


if __name__ == "__main__":
    sys.exit(main())
