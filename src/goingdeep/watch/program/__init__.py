"""How the watcher comes into a program, and how the program begins and ends."""
