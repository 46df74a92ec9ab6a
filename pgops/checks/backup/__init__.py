"""Backups: how old, whether the last one failed, whether the WAL behind them is whole."""
