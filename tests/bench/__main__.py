"""`make bench`, or `python -m tests.bench [--seconds 10] [--out FILE.json]`."""

from tests.bench.bench_lean import main

if __name__ == "__main__":
    main()
