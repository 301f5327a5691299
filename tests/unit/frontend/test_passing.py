# SPDX-License-Identifier: Apache-2.0
"""Who asks through whom, as it stands on a request."""

import pytest

from ugr.call import Call
from ugr.frontend.passing import passed
from ugr.frontend.replies import REFUSALS, Refusal
from ugr.transport.peers import Ourselves

HERE = Ourselves("here")
CALL = Call(1.0, "id", "192.0.2.1")


def test_header_and_query_are_two_things():
    call = passed(CALL, "b, a", "x=1&ugr-via=c", HERE)

    assert (call.via, call.sent_by) == (("a", "b"), ("c",))
    assert (call.deadline, call.id, call.address) == (1.0, "id", "192.0.2.1")
    assert passed(CALL, None, "x=ugr-via", HERE) == CALL


@pytest.mark.parametrize(
    ("header", "query"), [("a,here", ""), (None, "ugr-via=here"), (None, "ugr-via=a&ugr-via=b,here")]
)
def test_what_came_from_here_is_a_loop(header, query):
    with pytest.raises(Refusal, match="asked already") as caught:
        passed(CALL, header, query, HERE)
    assert caught.value.status == REFUSALS["loop"] == 508


@pytest.mark.parametrize(
    ("header", "query"), [("", ""), ("a b", ""), ("a,b,c,d,e", ""), (None, "ugr-via="), (None, "ugr-via=%00")]
)
def test_names_that_cannot_be_are_refused(header, query):
    with pytest.raises(Refusal, match="at most") as caught:
        passed(CALL, header, query, HERE)
    assert caught.value.status == 508
