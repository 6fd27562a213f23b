internal import Numerics
internal import Statistics

/// How long one look takes.
public struct AnalysisSpeed: Sendable {
    public let units: Int
    public var seed: UInt64 = 1

    public init(units: Int) { self.units = units }

    /// The time of one analysis of four metrics, one of them with a covariate.
    public func run() throws -> Duration {
        let design = try AnalysisSimulation.design(minimumUnits: 1_000)
        var random = SimulatedDraws(seed: seed)
        let rows = (0..<units).map { _ in AnalysisSimulation.unit(&random) }
        let clock = ContinuousClock()
        return clock.measure {
            _ =
                ExperimentAnalysis.analyze(
                    design, units: rows, look: Look(number: 1, horizon: 1)
                ).contentHash
        }
    }
}
