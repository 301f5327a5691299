# SPDX-License-Identifier: Apache-2.0
"""Configuration: INI text to frozen dataclasses, with every fault told at once.

Knows: syntax (``reader``), how an option is declared (``declare``) and typed (``types``), how a
section becomes an instance (``bind``), ugr's own options (``settings``), their reference
(``reference``). Refuses to know: what is done with any of it.
"""
