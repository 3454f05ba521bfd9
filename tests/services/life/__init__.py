import pytest

# Its assertions tell what they compare, too.
pytest.register_assert_rewrite(f"{__name__}.story")
