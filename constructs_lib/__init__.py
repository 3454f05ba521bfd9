"""What the stacks are made of: each construct holds the decisions of one subject and is tested by itself."""
