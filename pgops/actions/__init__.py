"""Acting on sessions: find them, propose to cancel or terminate them, do it once approved, and say what ended."""
