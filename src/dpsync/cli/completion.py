"""`dpsync completion`."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_DPSYNC_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, options, and the keys of the workspace.

    For bash, put `eval "$(dpsync completion bash)"` into ~/.bashrc; for zsh, `eval "$(dpsync completion zsh)"` into ~/.zshrc;
    for fish, write the output to ~/.config/fish/completions/dpsync.fish.
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made is not None
    script = made(ctx.find_root().command, {}, "dpsync", _VARIABLE)
    # Not `source()`, which asks the bash that is installed how old it is.
    click.echo(script.source_template % script.source_vars())
