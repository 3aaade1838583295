"""`make bench`, or `python -m tests.performance [--seconds 10] [--out FILE.json]`."""

from tests.performance.bench_lean import main

if __name__ == "__main__":
    main()
