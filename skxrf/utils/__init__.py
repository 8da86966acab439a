"""What every other part may import: the private scikit-learn names, energy axes, discovery."""
