"""Care of what is kept: every stored part looked at, what a crash left taken away."""
