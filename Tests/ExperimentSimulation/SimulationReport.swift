/// All simulations, one after another, each line with its own verdict.
public struct SimulationReport {
    private let runs: Int
    private let seed: UInt64
    private let write: (String) -> Void
    private var failures = 0

    public init(runs: Int, seed: UInt64, write: @escaping (String) -> Void) {
        self.runs = runs
        self.seed = seed
        self.write = write
    }

    /// Whether everything stayed within what is stated. Few runs are held to wider bounds.
    public mutating func run() throws -> Bool {
        write("seed \(seed); rates with 95 % intervals; [ok] is within what is stated")
        let metrics: [SimulatedMetric] = [
            .share(0.5), .share(0.06), .share(0.01), .loss, .lossRatio,
        ]
        for metric in metrics { null(metric) }
        try analyses()
        power(control: 0.05, treatment: 0.055, power: 0.8)
        power(control: 0.10, treatment: 0.12, power: 0.9)
        sampleRatio()
        lostExposures()
        write(
            "one look at 1000000 units, four metrics: \(try AnalysisSpeed(units: 1_000_000).run())")
        write(failures == 0 ? "all within what is stated" : "\(failures) FAILED (seed \(seed))")
        return failures == 0
    }

    private mutating func null(_ metric: SimulatedMetric) {
        var simulation = NullSimulation(metric)
        simulation.runs = runs
        simulation.seed = seed
        let found = simulation.run()
        write(
            "\(metric): \(runs) experiments without an effect, \(simulation.looks) looks, "
                + "\(simulation.unitsPerLook) units per arm and look")
        let alpha = NullSimulation.alpha
        limit("  confidence sequence at 5 %", found.sequence, of: runs, atMost: alpha)
        limit(
            "  one-sided guardrail at 1 %", found.guardrail, of: runs,
            atMost: NullSimulation.guardrailAlpha)
        limit("  mixture ratio test at 5 %", found.mixture, of: runs, atMost: alpha)
        let peeking = Rate(found.peeking, of: runs)
        check(
            "  z test at every look (above 20 %)", "\(peeking)",
            (runs < 10_000 ? peeking.upper : peeking.lower) > 0.20)
        write("  z test at the last look only: \(Rate(found.oneLook, of: runs))")
    }

    private mutating func analyses() throws {
        var simulation = AnalysisSimulation()
        simulation.runs = max(1, runs / 10)
        simulation.seed = seed
        let found = try simulation.run()
        write(
            "whole analyses: \(simulation.runs) experiments without an effect, \(simulation.looks) "
                + "looks, two primary metrics, a guardrail at its limit")
        limit("  decided at 5 %", found.decided, of: simulation.runs, atMost: 0.05)
        limit("  stopped by the guardrail at 1 %", found.harm, of: simulation.runs, atMost: 0.01)
        limit(
            "  sample ratio at 0.1 %", found.sampleRatioMismatch, of: simulation.runs,
            atMost: SampleRatioSimulation.alpha)
        let reduction = found.errorReduction / Double(simulation.runs)
        let expected = 1 - 0.5.squareRoot()
        check(
            "  standard error less by a covariate of half the variance (29.29 % ± 1 point)",
            Rate.percent(reduction), abs(reduction - expected) <= 0.01)
    }

    private mutating func power(control: Double, treatment: Double, power: Double) {
        var simulation = PowerSimulation(control: control, treatment: treatment, power: power)
        simulation.runs = runs
        simulation.seed = seed
        let rate = Rate(simulation.run(), of: runs)
        // Two points, or what so few runs can tell.
        let allowed = max(0.02, 0.5 * (rate.upper - rate.lower))
        check(
            "power \(control) against \(treatment), \(simulation.unitsPerArm) units per arm "
                + "(\(Rate.percent(power)) ± 2 points)", "\(rate)",
            abs(rate.value - power) <= allowed)
    }

    private mutating func sampleRatio() {
        var simulation = SampleRatioSimulation(lost: 0)
        simulation.runs = runs
        simulation.seed = seed
        let found = simulation.run()
        write(
            "sample ratio at 0.1 %, nothing lost: \(simulation.looks) looks, "
                + "\(simulation.unitsPerLook) units each")
        limit(
            "  sequential", found.sequential, of: runs, atMost: SampleRatioSimulation.alpha)
        write("  χ² at every look: \(Rate(found.peeking, of: runs))")
        write("  χ² at the last look only: \(Rate(found.oneLook, of: runs))")
    }

    private mutating func lostExposures() {
        var simulation = SampleRatioSimulation(lost: 0.02)
        simulation.runs = max(1, runs / 20)
        simulation.unitsPerLook = 40_000
        simulation.seed = seed
        let found = simulation.run()
        let rate = Rate(found.sequential, of: simulation.runs)
        check(
            "2 % of one arm's exposures lost, \(simulation.looks) looks, "
                + "\(simulation.unitsPerLook) units each: sequential (above 99 %)", "\(rate)",
            rate.upper > 0.99 && rate.value > 0.9)
        let looks = Double(found.looksUntilAlarm) / Double(max(1, found.sequential))
        let units = Int((looks * Double(simulation.unitsPerLook)).rounded())
        write("  after \(units) units on average")
    }

    /// A rate that is to stay below its level, as far as so many runs can tell.
    private mutating func limit(_ what: String, _ events: Int, of runs: Int, atMost level: Double) {
        let rate = Rate(events, of: runs)
        check(what, "\(rate)", rate.lower <= level && (runs < 10_000 || rate.value <= level))
    }

    private mutating func check(_ what: String, _ found: String, _ holds: Bool) {
        failures += holds ? 0 : 1
        write("\(what): \(found)  [\(holds ? "ok" : "FAILED")]")
    }
}
