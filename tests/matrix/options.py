"""All options, in the order in which they change a system.

Those of parts that are left out come first; what a later one changes below a part that is not there is left undone.
"""

from tests.matrix.code import BALANCER, CODE
from tests.matrix.data import DATA
from tests.matrix.parts import ACCESS, COST, GENERAL, NETWORK, OPERATIONS, PARTS

OPTIONS = (*PARTS, *GENERAL, *ACCESS, *NETWORK, *OPERATIONS, *DATA, *BALANCER, *CODE, *COST)
