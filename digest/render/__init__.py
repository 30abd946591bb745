"""Outputs: one file each, Issue -> Rendered."""
