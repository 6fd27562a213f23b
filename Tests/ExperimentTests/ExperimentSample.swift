import AssayMessages
import Foundation

@testable import ModelCore

/// A file in which everything is right, and ways to make it wrong.
enum ExperimentSample {
    static let text = """
        experiment: card-challenger
        revision: 3
        epoch: 1
        owner: fraud-models@bank.example
        hypothesis: version 18 finds more fraud at the same approval rate
        model: fraud-card
        alias: champion
        unit: customer
        unit_fallback: card
        layer: card-authorisation
        slots: {from: 0, to: 4000}
        allocation: 500
        arms: [{name: control, version: 17, weight: 5000, control: true}, {name: challenger, version: 18, weight: 5000}]
        targeting: 'channel == "ecommerce" && amount.currency in ["EUR", "GBP"]'
        overrides: [{unit: qa-customer-1, arm: challenger}]
        holdouts: [bank-2027]
        sticky: hash
        metrics:
          - {name: fraud_loss_rate, role: primary, kind: ratio, numerator: outcome.fraud_amount, denominator: event.amount,
             better: lower, maturity: 30d, covariate: shadow.control.probability}
          - {name: approval_rate, role: guardrail, kind: proportion, event: decision.approved, better: higher, worst_relative: -0.01}
          - {name: error_rate, role: guardrail, kind: proportion, source: statistics, better: lower, worst: 0.001}
          - {name: compute_p99_us, role: guardrail, kind: quantile, source: statistics, better: lower, worst: 300}
          - {name: adverse_impact_ratio, role: guardrail, kind: fairness, group: age_band, better: higher, worst: 0.80}
        ramp: [{allocation: 100, hold: 24h, minimum_units: 2000}, {allocation: 500, hold: 72h, minimum_units: 10000}, {allocation: 10000, hold: 14d}]
        analysis: {alpha: 0.05, method: asymptotic_sequence, tuning_units: 5000, srm_alpha: 0.001, minimum_units_per_arm: 1000, look_every: 1h}
        stop: {on_srm: halt, on_guardrail: control, on_success: propose}
        """

    /// The file with the first place of each text replaced.
    static func file(_ changes: (String, String)...) throws -> ExperimentFile {
        try ExperimentFile(yaml: changed(changes), name: "x.yaml")
    }

    /// What is wrong with it; empty if nothing is.
    static func problems(_ changes: (String, String)...) -> [String] {
        do {
            _ = try ExperimentFile(yaml: changed(changes), name: "x.yaml")
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    private static func changed(_ changes: [(String, String)]) -> String {
        changes.reduce(text) { text, change in
            guard let place = text.range(of: change.0) else {
                fatalError("the sample has no \(change.0)")
            }
            return text.replacingCharacters(in: place, with: change.1)
        }
    }
}
