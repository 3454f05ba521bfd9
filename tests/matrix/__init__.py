"""Every field of the configuration tree in each of its ways, in every kind of environment.

`system.py` has everything that a system may have, `options.py` gathers the ways in which it may differ, and `rows.py`
packs these into as few configurations as tell them apart. A field that none of them varies fails `test_fields.py`.
"""
