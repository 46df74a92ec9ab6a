"""Streaming and logical replication: standbys, slots, subscriptions."""
