"""Thin faces of the services: acknowledge, parse, ask, show."""
