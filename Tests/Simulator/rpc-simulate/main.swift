import Glibc
import RPCSimulator

/// Runs seeded simulations: `rpc-simulate RUNS FIRST_SEED`. Prints every seed that fails.
let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
let runs = arguments.first ?? 1_000
let first = arguments.dropFirst().first ?? 1
exit(SimulationRuns(first: first, count: runs).run() ? 0 : 1)
