"""Connection slots, and who holds them."""
