# SPDX-License-Identifier: Apache-2.0
"""Speed, measured: CPU time per request of the whole server, beside nginx in the same run."""
