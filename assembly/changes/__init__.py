"""What a deployment would do to each resource, told from two sets of templates: what is deployed, and what is to be.

It fails on what would lose data, and names the consumers that have to be deployed once more.
"""
