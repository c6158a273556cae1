"""As bert, with as many heads as the real one, which five ranks share unevenly, and more layers."""

import bert

bert.write(heads=12, layers=4)
