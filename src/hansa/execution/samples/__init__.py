"""Contracts to learn from. They are loaded like those of users."""
