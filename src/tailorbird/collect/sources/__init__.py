"""Adapters that read other systems: one file each."""
