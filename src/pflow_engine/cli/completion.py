"""A shell's name to the script with which it completes command lines."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, add_completion_class, get_completion_class

from pflow_engine.cli.codes import SUCCESS
from pflow_engine.cli.command import Command
from pflow_engine.cli.streams import show

_PROGRAM = "pflow-testkit"
_VARIABLE = "_PFLOW_TESTKIT_COMPLETE"
_ADDED = "COMPREPLY+=($value)"


class _Bash(BashComplete):
    """As click does it, but nothing is put behind ``since=`` and ``flows/``, which go on.

    Bash takes ``since=v1`` for three words: here it is one again.
    """

    source_template = BashComplete.source_template.replace(
        _ADDED, f"{_ADDED}\n            [[ $value == *[=/] ]] && compopt -o nospace"
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is completed, and what there is of that."""
        args, typed = super().get_completion_args()
        words: list[str] = []
        for word in filter(None, [*args, typed]):
            if words and (word == "=" or words[-1].endswith("=")):
                words[-1] += word
            else:
                words.append(word)
        return (words[:-1], words[-1]) if typed else (words, "")


add_completion_class(_Bash)


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print what makes a shell complete files, inputs and nodes.

    \b
    bash, in ~/.bashrc:  eval "$(pflow-testkit completion bash)"
    zsh, in ~/.zshrc:    eval "$(pflow-testkit completion zsh)"
    fish:                pflow-testkit completion fish > ~/.config/fish/completions/pflow-testkit.fish
    """  # noqa: D301  # \b is click's mark of lines that stay
    kind = get_completion_class(shell)
    assert kind is not None, "click knows them all"
    show(kind(ctx.find_root().command, {}, _PROGRAM, _VARIABLE).source())
    return SUCCESS
