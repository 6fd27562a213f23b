import ArgumentParser
import AssayMessages
import AssignmentProperties
import ModelCore
import Wire

/// Assigns many units, checks what must hold of that, and times a call with eight experiments.
@main
struct AssignmentCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assignment-check",
        abstract: "Checks uniformity, independence, ramps and layers over many units.")

    @Option(help: "Units to assign.") var units = 1_000_000
    @Option(help: "Calls to time in each of eleven runs.") var calls = 20_000

    func run() throws {
        var failed = 0
        for finding in try AssignmentProperties(units: units).findings() {
            print("\(finding.holds ? "holds " : "FAILS ") \(finding.name): \(finding.detail)")
            if !finding.holds { failed += 1 }
        }
        try time()
        print(failed == 0 ? "passed: \(units) units" : "FAILED: \(failed) properties")
        if failed > 0 { throw ExitCode(1) }
    }

    /// Eight experiments in four layers, two slots each, so that four of them assign every unit.
    private func time() throws {
        let table = try AssignmentTable(
            (0..<8).map { number in
                AssignmentProperties.experiment(
                    "e-\(number)", layer: "layer-\(number / 2)",
                    slots: number % 2 == 0 ? 0...5_000 : 5_000...10_000)
            })
        let clock = ContinuousClock()
        var runs: [Double] = []
        var assigned = 0
        for run in 0..<11 {
            let elapsed = clock.measure {
                for call in 0..<calls {
                    var undecided: [String] = []
                    let found = table.assign(
                        AssignmentCall(subjects: ["customer": "c-\(run)-\(call)"]),
                        to: AssignmentProperties.traffic, undecided: &undecided)
                    assigned += found.count { $0.reason == .assigned }
                }
            }
            runs.append(elapsed / .microseconds(calls))
        }
        runs.sort()
        print(
            "a call with 8 experiments in 4 layers: median \(runs[5]) µs, best \(runs[0]), worst "
                + "\(runs[10]); \(Double(assigned) / Double(11 * calls)) arms each")
    }
}
