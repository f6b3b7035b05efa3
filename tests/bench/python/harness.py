"""Runs a benchmark as often as the command line says and prints the time of each iteration:

    python3 NAME.py [ITERATIONS [INNER]]
"""

import sys
import time


def run(name, default_inner, benchmark):
    """`benchmark.inner_loop(inner)` does the work `inner` times and answers whether all results were right."""
    iterations = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    inner = int(sys.argv[2]) if len(sys.argv) > 2 else default_inner
    for i in range(1, iterations + 1):
        start = time.process_time()
        right = benchmark.inner_loop(inner)
        micros = (time.process_time() - start) * 1e6
        if not right:
            sys.exit(f"{name}: wrong result")
        print(f"{name}: iteration {i}: {micros:.0f} us")
