"""An installation in one file, and back: what it holds, how it is written and how it is put in place."""
