"""What every test needs before anything else is imported."""

import os

# Without it, scikit-learn skips its array API check; scipy reads it once, when first imported.
os.environ["SCIPY_ARRAY_API"] = "1"
