# SPDX-License-Identifier: Apache-2.0
"""The reference that is written from the declarations."""

from __future__ import annotations

from dataclasses import dataclass

from ugr.config.bind import options_of
from ugr.config.declare import option
from ugr.config.reference import SECTIONS, render_rst, render_text
from ugr.config.types import Duration, Secret, Url


@dataclass(frozen=True, kw_only=True)
class Parent:
    """What all have."""

    url: Url = option(help="Where it is.", example="https://h")


@dataclass(frozen=True, kw_only=True)
class Sample(Parent):
    """``[endpoint:NAME]``: an imaginary
    storage.

    More about it.
    """

    timeout: Duration = option(Duration(3.0), help="Longest *wait*.", minimum=0.01, maximum=60)
    style: str = option("path", help="How it is named.", choices=("path", "host"))
    secret_key: Secret | None = option(None, help="The key.")


def test_each_option_is_a_confval_of_its_section() -> None:
    assert render_rst([("[endpoint:NAME]", Sample)]) == (
        """\
``[endpoint:NAME]``
~~~~~~~~~~~~~~~~~~~

An imaginary storage.

.. confval:: [endpoint:NAME] url
   :type: URL
   :default: must be written

   Where it is.

   Example: ``url = https://h``

.. confval:: [endpoint:NAME] timeout
   :type: duration
   :default: ``3s``

   Longest \\*wait\\*.

   At least 10ms, at most 1m.

.. confval:: [endpoint:NAME] style
   :type: word
   :default: ``path``

   How it is named.

   One of ``path``, ``host``.

.. confval:: [endpoint:NAME] secret_key
   :type: secret
   :default: not set

   The key.

   Written as ``secret_key_file`` or ``secret_key_environment``.
"""
    )


def test_what_all_endpoints_have_can_be_left_out() -> None:
    assert "confval:: [x] url" not in render_rst([("[x]", Sample)], without=Parent)
    assert "confval:: [x] timeout" in render_rst([("[x]", Sample)], without=Parent)


def test_the_text_says_the_same() -> None:
    assert render_text([("[endpoint:NAME]", Sample)]) == (
        """\
[endpoint:NAME]
  An imaginary storage.

  url
      (URL; required)
      Where it is.
      example: url = https://h

  timeout
      (duration; default: 3s; at least 10ms, at most 1m)
      Longest *wait*.

  style
      (word; default: path; one of path, host)
      How it is named.

  secret_key_file or secret_key_environment
      (secret; default: not set)
      The key.
"""
    )


def test_every_option_of_ugr_is_in_the_reference() -> None:
    text = render_rst(SECTIONS)
    for header, cls in SECTIONS:
        for declared in options_of(cls):
            assert f".. confval:: {header} {declared.name}\n" in text
    assert text == render_rst(SECTIONS)
