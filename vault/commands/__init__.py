"""The commands of `docvault`. Each imports what it needs when it runs: `verify` needs neither database nor server."""
