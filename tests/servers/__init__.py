# SPDX-License-Identifier: Apache-2.0
"""Real servers for the tests: started as children, on 127.0.0.1 only, gone with the test run.

Knows: how each server is started, awaited, paused and stopped. Refuses to know: ugr.
"""
