# SPDX-License-Identifier: Apache-2.0
"""Names of objects that break careless signatures."""

NAMES = [
    "file",
    "directory/file.root",
    "with space",
    "plus+plus",
    "a%b#c?d&e:f;g=h",
    "percent%20encoded%2F",
    "quotes'\"and`ticks",
    "brackets[]{}()<>|\\^",
    "tilde~dash-dot.underscore_",
    "comma,star*dollar$at@bang!",
    "åßç/Ωμέγα/日本語/🦉",
    "e\u0301 is not \u00e9",
    " leading and trailing ",
    "..hidden/.../x",
    "mc16_13TeV:AOD.123._000001.pool.root.1",
]
