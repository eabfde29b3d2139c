"""What `bench.pages` makes of the papers that `vault.demo.drawing` draws: scans and photographs, with truth."""
