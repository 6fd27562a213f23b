import Foundation

/// A figure held against what is asked of it.
struct Verdict: CustomStringConvertible {
    private let what: String
    private let measured: Double
    private let asked: Double
    private let isLeast: Bool
    private let unit: String

    private init(
        _ what: String, _ measured: Double, _ asked: Double, isLeast: Bool, _ unit: String
    ) {
        self.what = what
        self.measured = measured
        self.asked = asked
        self.isLeast = isLeast
        self.unit = unit
    }

    static func atLeast(_ asked: Double, _ unit: String, _ what: String, _ measured: Double) -> Self
    {
        Verdict(what, measured, asked, isLeast: true, unit)
    }

    static func atMost(_ asked: Double, _ unit: String, _ what: String, _ measured: Double) -> Self
    {
        Verdict(what, measured, asked, isLeast: false, unit)
    }

    /// Of a latency; asked in milliseconds.
    static func atMost(_ milliseconds: Double, _ what: String, _ latency: Duration) -> Self {
        atMost(milliseconds, "ms", what, latency / .milliseconds(1))
    }

    var isMet: Bool { isLeast ? measured >= asked : measured <= asked }

    var description: String {
        "  \(isMet ? "met" : "MISSED"): \(what) \(Self.text(measured)) \(unit),"
            + " asked at \(isLeast ? "least" : "most") \(Self.text(asked))"
    }

    private static func text(_ number: Double) -> String {
        number >= 100 ? String(Int(number.rounded(.down))) : String(format: "%.4g", number)
    }

    static func print(_ verdicts: Verdict...) {
        for verdict in verdicts { feature_bench.print(verdict) }
    }
}
