"""Adapters that hand messages over: one file each."""
