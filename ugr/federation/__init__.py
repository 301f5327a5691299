# SPDX-License-Identifier: Apache-2.0
"""Ask many endpoints, merge what they say, remember it, watch their health, choose.

Knows: endpoints through the plugin contract. Refuses to know: HTTP towards clients, who may do
what.
"""
