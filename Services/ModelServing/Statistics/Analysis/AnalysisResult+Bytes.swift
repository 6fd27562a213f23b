internal import Crypto

extension AnalysisResult {
    /// The result as bytes: the same result has the same bytes on every machine, and different
    /// results have different ones. Texts and lists carry their length, numbers are little-endian,
    /// what may be absent starts with 0 or 1.
    public var canonicalBytes: [UInt8] {
        var bytes = CanonicalBytes(tag: "assay.analysis/1")
        bytes.text(experiment)
        bytes.integers(revision, epoch, look, Int(horizon))
        bytes.list(arms) {
            $0.text($1.name)
            $0.integers($1.units, $1.fallback, $1.failed)
        }
        bytes.integers(excluded.crossovers, excluded.forced, excluded.unusable)
        bytes.flag(excluded.tooManyCrossovers)
        bytes.optional(sampleRatio.test) {
            $0.numbers($1.statistic, $1.pValue)
            $0.integers($1.degrees)
        }
        bytes.numbers(sampleRatio.logBayesFactor, sampleRatio.sequentialPValue)
        bytes.flag(sampleRatio.alarm)
        bytes.list(comparisons) { $0.comparison($1) }
        bytes.list(guardrails) { $0.guardrail($1) }
        bytes.code(verdict.rawValue)
        bytes.numbers(carried.sampleRatioPValue)
        bytes.list(carried.likelihoodRatios) { $0.numbers($1) }
        return bytes.bytes
    }

    /// SHA-256 of the canonical bytes.
    public var contentHash: [UInt8] { Array(SHA256.hash(data: canonicalBytes)) }
}

/// Writes values so that no two sequences of them look alike.
private struct CanonicalBytes {
    private(set) var bytes: [UInt8] = []

    init(tag: String) { text(tag) }

    mutating func text(_ text: String) {
        integers(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func integers(_ values: Int...) {
        for value in values { append(UInt64(bitPattern: Int64(value))) }
    }

    mutating func numbers(_ values: Double...) {
        for value in values { append(value.bitPattern) }
    }

    mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }
    mutating func code(_ value: UInt8) { bytes.append(value) }

    mutating func optional<Value>(_ value: Value?, _ write: (inout CanonicalBytes, Value) -> Void) {
        flag(value != nil)
        if let value { write(&self, value) }
    }

    mutating func list<Value>(_ values: [Value], _ write: (inout CanonicalBytes, Value) -> Void) {
        integers(values.count)
        for value in values { write(&self, value) }
    }

    mutating func comparison(_ value: AnalysisResult.Comparison) {
        text(value.metric)
        code(value.role.rawValue)
        text(value.arm)
        estimate(value.control)
        estimate(value.treatment)
        optional(value.effect) { $0.effect($1) }
        numbers(value.adjustedPValue)
        code(value.finding.rawValue)
    }

    mutating func guardrail(_ value: AnalysisResult.GuardrailResult) {
        text(value.metric)
        text(value.arm)
        optional(value.value) { $0.numbers($1) }
        numbers(value.limit, value.margin, value.pValue)
        integers(value.units)
        code(value.state.rawValue)
    }

    private mutating func estimate(_ value: AnalysisResult.ArmEstimate) {
        numbers(value.mean, value.variance)
        integers(value.units, value.censored, value.invalid)
    }

    private mutating func effect(_ value: AnalysisResult.Effect) {
        numbers(value.difference, value.standardError, value.pValue)
        interval(value.interval)
        optional(value.lift) { $0.numbers($1.value, $1.standardError) }
        optional(value.liftInterval) { $0.interval($1) }
        optional(value.theta) { $0.numbers($1) }
        optional(value.likelihoodRatio) { $0.numbers($1) }
    }

    private mutating func interval(_ value: ConfidenceInterval) {
        numbers(value.lower, value.upper)
    }

    private mutating func append(_ word: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }
}
