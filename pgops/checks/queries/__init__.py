"""What the server spends its time on."""
