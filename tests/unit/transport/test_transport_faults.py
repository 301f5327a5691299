# SPDX-License-Identifier: Apache-2.0
"""Which error a result code of libcurl becomes, and what its message says."""

import errno

import pytest

from ugr.errors import BadRequest, Misbehaved, Refused, Timeout
from ugr.transport.faults import Circumstances, explain

HERE = Circumstances("h:443", connect_timeout=1.0, timeout=3.0)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((code, Refused) for code in (6, 7, 35, 52, 55, 60, 82)),
        *((code, Misbehaved) for code in (1, 8, 18, 61, 100, 999)),
        (28, Timeout),
        (3, BadRequest),
    ],
)
def test_each_code_is_one_kind_of_error_that_names_the_host(code, kind):
    error = explain(code, "", HERE)
    assert type(error) is kind
    assert str(error).startswith("h:443: ")


def test_a_broken_connection_is_refused_but_broken_framing_misbehaved():
    reset = Circumstances("h:80", errno=errno.ECONNRESET, status=200)
    assert str(explain(56, "Recv failure", reset)) == "h:80: connection lost: connection reset by peer"
    assert type(explain(56, "", reset)) is Refused
    assert type(explain(56, "SSL alert", Circumstances("h:80"))) is Refused
    framing = explain(56, "chunk hex-length char not a hex digit: 0x7a", Circumstances("h:80", status=200))
    assert type(framing) is Misbehaved
    assert str(framing) == "h:80: malformed answer: chunk hex-length char not a hex digit: 0x7a"


def test_a_timeout_says_what_it_waited_for():
    assert str(explain(28, "", HERE)) == "h:443: no complete answer within 3000 ms"
    connecting = Circumstances("h:443", connected=False, connect_timeout=1.0, timeout=0.25)
    assert str(explain(28, "", connecting)) == "h:443: no connection within 250 ms"


def test_libcurls_words_are_left_out_or_made_harmless():
    assert "xx" not in str(explain(61, "Unsolicited Transfer-Encoding (\x1b[31mxx) found", HERE))
    assert str(explain(60, "evil\r\n\x1b[31m" + "x" * 500, HERE)).endswith("evil???[31m" + "x" * 189)
