# SPDX-License-Identifier: Apache-2.0
"""The pool of libcurl's handles: by credentials, and bounded."""

import pytest

from ugr.errors import ConfigError
from ugr.transport import NO_CREDENTIALS, Credentials
from ugr.transport.handles import MOST_IDLE, MOST_SETS, HandlePool


@pytest.fixture
def pool():
    pool = HandlePool("ugr/test")
    yield pool
    pool.close()


def user(number):
    return Credentials(user=f"user{number}")


def test_a_handle_is_used_again_by_equal_credentials_only(pool):
    first = pool.lease(user(1))
    pool.release(first)
    other = pool.lease(user(2))
    assert other is not first
    assert pool.lease(user(1)) is first
    assert pool.lease(NO_CREDENTIALS) not in (first, other)


def test_handles_on_lease_are_never_given_twice(pool):
    handles = [pool.lease(NO_CREDENTIALS) for _ in range(3)]
    assert len(set(map(id, handles))) == 3


def test_idle_handles_are_bounded_and_the_longest_unused_set_loses_first(pool):
    old = [pool.lease(user(1)) for _ in range(2)]
    new = [pool.lease(user(2)) for _ in range(MOST_IDLE)]
    for handle in (*old, *new):
        pool.release(handle)
    assert [handle.curl.closed for handle in old] == [True, True]
    assert not any(handle.curl.closed for handle in new)


def test_sets_of_credentials_are_bounded(pool):
    first = pool.lease(user(0))
    second = pool.lease(user(0))
    pool.release(first)
    for number in range(1, MOST_SETS + 1):
        pool.release(pool.lease(user(number)))
    assert first.curl.closed
    assert not second.curl.closed
    pool.release(second)  # its set is forgotten
    assert second.curl.closed
    assert pool.lease(user(0)) is not first


def test_a_forgotten_set_is_looked_at_again(pool, tmp_path):
    credentials = Credentials(ca_directory=str(tmp_path), crls=True)
    for _ in range(2):
        with pytest.raises(ConfigError):
            pool.lease(credentials)
    (tmp_path / "0a.r0").write_text("-----BEGIN X509 CRL-----\n")
    handle = pool.lease(credentials)
    pool.release(handle)
    pool.forget(credentials)
    pool.forget(credentials)
    assert handle.curl.closed
    assert pool.lease(credentials) is not handle


def test_a_handle_between_transfers_takes_no_bytes(pool):
    handle = pool.lease(NO_CREDENTIALS)
    assert handle.sink(b"late") == 0
