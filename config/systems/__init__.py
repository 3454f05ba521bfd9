"""One module or package per system; each offers `ENVIRONMENTS`, its environments by name."""
