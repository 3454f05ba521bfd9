"""How long a system is away after a failure (RTO), and how much of its data is lost (RPO), from its templates alone.

Every figure is an upper bound that follows from a setting and from what AWS's documentation says about it. Where AWS
gives no figure, an assumption of ours stands in its place, under that name.
"""
