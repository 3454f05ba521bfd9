"""Reads a synthesized cloud assembly and tells what can be known from its templates alone.

It knows CloudFormation's resource types, and nothing of the app that made them.
"""
