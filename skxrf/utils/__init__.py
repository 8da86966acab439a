"""Tools of every other part: the private scikit-learn names, energy axes, discovery."""
