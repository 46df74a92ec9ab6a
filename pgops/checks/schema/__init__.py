"""What the schema itself gets wrong, or makes hard later."""
