"""What a system costs a month, from its templates, a statement of its traffic, and a file of list prices.

Every type of resource is either priced or listed as free; one that is neither is a fault. Nothing is asked of AWS.
"""
