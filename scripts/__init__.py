"""The `tertib` command: one small module a subcommand in `scripts.commands`."""
