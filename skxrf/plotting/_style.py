"""Colors that the Displays share."""

# Okabe and Ito's palette (2008), told apart with any color vision, without its yellow, which
# is too faint for lines on white.
LINE_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
