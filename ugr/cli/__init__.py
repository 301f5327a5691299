# SPDX-License-Identifier: Apache-2.0
"""The command ``ugr``: what an administrator types.

Knows: commands, arguments, exit codes. Refuses to know: how any answer is found.

Each command is one module with ``NAME``, ``HELP``, ``arguments(parser)`` and ``run(arguments)``,
which returns an exit code of ``ugr.cli.exits`` or raises UgrError.
"""

from ugr.cli.commands import main, parser

__all__ = ["main", "parser"]
