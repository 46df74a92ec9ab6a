"""The server's settings: what is dangerous, forgotten, or not yet in force."""
