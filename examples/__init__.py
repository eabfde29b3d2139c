"""What others could build on the vault: each example speaks its public interfaces alone."""
