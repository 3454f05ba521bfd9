"""What a configuration and the assembly made of it must pass before the CDK CLI may deploy it.

Each gate refuses with what to put right, and leaves nothing behind that could be deployed.
"""
