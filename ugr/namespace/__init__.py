# SPDX-License-Identifier: Apache-2.0
"""LFN rules, mounts, and who may do what.

Knows: paths as users see them. Refuses to know: HTTP, how endpoints are asked.
"""
