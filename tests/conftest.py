# SPDX-License-Identifier: Apache-2.0
"""What all tests share: the real servers, and the wheel of ugr."""

pytest_plugins = ["tests.servers.fixtures", "tests.installed"]
