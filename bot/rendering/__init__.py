"""Domain values as what people see in Discord: no I/O, no clock, nothing here can fail on text."""
