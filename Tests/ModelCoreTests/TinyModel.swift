import AssayMessages
import Wire

/// A model of two coefficients, which costs nothing to load, with everything that a governed alias
/// asks of a manifest.
enum TinyModel {
    static func artifact(intercept: Double = 0.5) -> [UInt8] {
        Array(
            """
            {"format": "assay-linear", "version": 1, "inputs": ["a", "b"],
             "coefficients": [[1, 2]], "intercept": [\(intercept)], "link": "logit"}
            """.utf8)
    }

    /// - Parameter review: of the model card, in seconds since 1970.
    static func manifest(
        intercept: Double = 0.5, goldenRows: Int = 32, review: Int64 = 1_800_000_000
    ) -> AssayModelsV1.Manifest {
        AssayModelsV1.Manifest(
            purpose: "credit",
            inputs: [.init(name: "a", kind: .number), .init(name: "b", kind: .number)],
            goldenRows: (0..<goldenRows).map { row in
                .init(values: [Double(row), 1], margin: [Double(row) + 2 + intercept])
            },
            card: .init(
                intendedUse: "loans of private persons", excludedUse: "companies",
                population: "applicants of 2025", limits: "few below 25", owner: "ann",
                approver: "carol",
                nextReview: Timestamp(nanosecondsSinceEpoch: review * 1_000_000_000)),
            metrics: .init(
                set: "held out, 2025", rows: 1_000, positives: 80,
                figures: [.init(name: "auc", value: 0.78, lowest: 0.74, highest: 0.82)]),
            fairness: .init(
                report: "reports/1", rows: 1_000,
                figures: [
                    .init(metric: "disparate_impact", groups: "age: under 25 to others", value: 0.9)
                ]))
    }

    static func registration(
        _ model: String = "m", id: String = "r-1", intercept: Double = 0.5,
        goldenRows: Int = 32, by uploader: String = "ann"
    ) -> AssayModelsV1.RegisterVersionRequest {
        AssayModelsV1.RegisterVersionRequest(
            requestID: id, model: model,
            manifest: manifest(intercept: intercept, goldenRows: goldenRows),
            artifact: artifact(intercept: intercept), actor: uploader)
    }
}

extension AssayModelsV1.ApproveRequest {
    static func say(
        _ decision: AssayModelsV1.ApprovalDecision = .approved, of version: UInt32,
        by person: String, id: String
    ) -> AssayModelsV1.ApproveRequest {
        .init(
            requestID: id, model: "m", version: version, decision: decision, role: "model risk",
            reason: "looked at it", actor: person)
    }
}

/// Numbers that come again with their seed (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
