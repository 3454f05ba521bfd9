import pytest

# Their assertions tell what they compare, too.
pytest.register_assert_rewrite(f"{__name__}.story", f"{__name__}.world")
