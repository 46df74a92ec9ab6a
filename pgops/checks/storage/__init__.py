"""Space: what is large, and what eats it."""
