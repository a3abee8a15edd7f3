"""What goes wrong, against the whole bot: Discord, Hugging Face and the store misbehave, each at
every moment that they can. `matrix` is the table, docs/faults.md the same for people."""
