import AssayMessages
import Foundation
import Testing
import Wire

@testable import assay

@Suite("An analysis as text")
struct AnalysisTextTests {
    private func analysis(
        _ verdict: AssayModelsV1.AnalysisVerdict
    ) -> AssayModelsV1.Analysis {
        var analysis = AssayModelsV1.Analysis.blank()
        analysis.experiment = "card-challenger"
        (analysis.revision, analysis.epoch, analysis.look) = (3, 1, 12)
        analysis.horizon = Timestamp(seconds: 1_800_000_000) ?? .blank()
        analysis.verdict = verdict
        analysis.arms = [
            .init(name: "control", version: 17, weight: 5_000, control: true, units: 1_003),
            .init(name: "challenger", version: 18, weight: 5_000, units: 997, failed: 3),
        ]
        analysis.excluded.crossovers = 2
        analysis.sampleRatio.sequentialPValue = 0.91
        analysis.comparisons = [
            .init(
                metric: "fraud_found", role: .primary, kind: .proportion, better: .higher,
                arm: "challenger",
                control: .init(mean: 0.1, variance: 0.09, units: 1_003, censored: 12),
                treatment: .init(mean: 0.25, variance: 0.19, units: 997),
                effect: .init(
                    difference: 0.15, standardError: 0.02,
                    interval: .init(lower: 0.1, upper: 0.2), pValue: 0.00001, lift: 1.5),
                adjustedPValue: 0.00001, finding: .better)
        ]
        analysis.guardrails = [
            .init(
                metric: "approval_rate", arm: "challenger", value: -0.001, limit: -0.01,
                relative: true, margin: 0.008, pValue: 1, units: 2_000, state: .holds,
                kind: .proportion, better: .higher),
            .init(
                metric: "p99", arm: "challenger", value: 0.02, limit: 300, margin: 0.004,
                pValue: 0.001, units: 9_000, state: .broken, kind: .quantile, better: .lower),
        ]
        analysis.alpha = 0.05
        analysis.minimumUnits = 1_000
        analysis.contentHash = [UInt8](repeating: 0xAB, count: 32)
        return analysis
    }

    @Test("what is decided, by how much, with which guardrails, in words")
    func decided() {
        let text = AnalysisText(analysis(.decided)).lines.joined(separator: "\n")
        for line in [
            "card-challenger · revision 3, epoch 1 · look 12",
            "DECIDED: challenger is better in fraud_found.",
            "sample ratio holds: p 0.9100 over all looks",
            "left out     2 met in two arms",
            "control 10.00 % of 1003 units (12 too young to count); challenger 25.00 % of 997 units",
            "difference +15.00 points, with 95 % between +10.00 points and +20.00 points; "
                + "+150.0 % of control's",
            "challenger is BETTER (p below 0.0001)",
            "approval_rate, challenger: holds, -0.10 % against control, not to be below "
                + "-1.00 % against control (chance explains 0.80 %)",
            "p99, challenger: BROKEN, 2.00 % of calls lie above 300 (chance explains 0.40 %)",
            "3 answered by control",
            "analysis abababababababab",
        ] {
            #expect(text.contains(line), "\(line)\n---\n\(text)")
        }
    }

    @Test(
        "each verdict has its words",
        arguments: [
            (AssayModelsV1.AnalysisVerdict.harm, "HARM: p99 in arm challenger"),
            (.sampleRatioMismatch, "NOT VALID"), (.open, "OPEN: no difference is shown so far"),
            (.tooFewUnits, "TOO EARLY: each arm needs 1000 matured units"),
        ])
    func verdicts(verdict: AssayModelsV1.AnalysisVerdict, words: String) {
        let lines = AnalysisText(analysis(verdict)).lines
        #expect(lines[2].hasPrefix(words), "\(lines[2])")
    }

    @Test("a line that is no outcome is named by its number")
    func badLine() throws {
        let good =
            #"{"id":"o-1","subject":{"decision":"d"},"name":"outcome.x","value":1,"#
            + #""observedAt":"2027-01-01T00:00:00Z"}"#
        let outcomes = try ExperimentsRecordCommand.outcomes(
            Data("\(good)\n\n\(good)\r\n".utf8), file: "f")
        #expect(outcomes.count == 2 && outcomes[0].value == 1)
        let error = #expect(throws: Complaint.self) {
            try ExperimentsRecordCommand.outcomes(Data("\(good)\nnonsense\n".utf8), file: "f")
        }
        #expect(error?.description.hasPrefix("f:2: ") == true)
    }
}
