# SPDX-License-Identifier: Apache-2.0
"""What all tests share: the real servers."""

pytest_plugins = ["tests.servers.fixtures"]
