"""Ways out: one file each, Message -> Receipt."""
