"""One subcommand a module: `HELP`, `EXAMPLES`, `arguments(parser)` and `run(args) -> exit code`."""
