"""Films: read, colorized frame by frame, steadied in time, written with what came along."""
