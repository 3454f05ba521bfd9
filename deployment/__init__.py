"""Deploys a CDK app to whichever account the environment leads to, and stops before anything that would lose data.

It knows AWS's API, the CDK CLI and what `assembly` tells about templates, and nothing of the app.
"""
