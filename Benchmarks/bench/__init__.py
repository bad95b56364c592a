"""Parts of the benchmarks: inputs, the machine around a run, measurement, peers, tables."""
