"""Whether the stacks of a cloud assembly know only those below them, in an order that is declared for them.

It reads templates and nothing else, so it serves any CDK app.
"""
