"""Holds every system and environment to sets of rules of others and to our own promises: `make security`.

What a set finds is either put right in the templates or acknowledged, with what protects instead and why, in
`acknowledged/`; anything else fails, and so does an acknowledgment that nothing needs.
"""
