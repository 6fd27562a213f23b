import ExperimentSimulation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Runs the simulations of experiments: `simulate-experiments RUNS SEED`.
let arguments = CommandLine.arguments.dropFirst().map { UInt64($0) }
guard arguments.count <= 2, !arguments.contains(nil),
    let runs = Int(exactly: (arguments.first ?? 10_000) ?? 10_000), runs > 0
else {
    print("usage: simulate-experiments [RUNS [SEED]], both whole numbers, RUNS above 0")
    exit(2)
}
let seed = (arguments.dropFirst().first ?? 1) ?? 1
var report = SimulationReport(runs: runs, seed: seed) { print($0) }
exit(try report.run() ? 0 : 1)
