"""The one command of all benchmarks."""

import importlib

import click
import pytest
from click.testing import CliRunner

from benchmarks.__main__ import COMMANDS, main


def test_help_lists_all_subcommands_and_imports_none():
    done = CliRunner().invoke(main, ["--help"])
    assert done.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in done.output


@pytest.mark.parametrize("name", COMMANDS)
def test_each_subcommand_is_a_command_of_its_name_with_a_help(name):
    command = importlib.import_module(f"benchmarks.{COMMANDS[name][0]}").main
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help


def test_an_unknown_subcommand_is_refused():
    done = CliRunner().invoke(main, ["nothing"])
    assert done.exit_code == 2
    assert "No such command 'nothing'" in done.output
