internal import Statistics

/// How often something happened, with an interval for how often it would.
public struct Rate: Sendable, CustomStringConvertible {
    public let value: Double
    public let lower: Double
    public let upper: Double

    /// 95 % by Wilson's score (1927).
    public init(_ events: Int, of trials: Int) {
        let n = Double(trials)
        let p = Double(events) / n
        let z = NormalDistribution.upperQuantile(0.025)
        let center = (p + z * z / (2 * n)) / (1 + z * z / n)
        let root = (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        let half = z / (1 + z * z / n) * root
        value = p
        lower = max(0, center - half)
        upper = min(1, center + half)
    }

    public var description: String {
        "\(Self.percent(value)) [\(Self.percent(lower)), \(Self.percent(upper))]"
    }

    static func percent(_ share: Double) -> String {
        let hundredths = Int((share * 10_000).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) %"
    }
}
