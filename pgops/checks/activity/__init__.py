"""Who is connected and what they are doing."""
