import RuleLanguage
import Simulation

@testable import RiskCore

/// How often rules that hold payments back are wrong, and right, on the simulator's payments, with
/// exactly the facts that those payments have.
struct SimulatedEvidence {
    struct Count: Equatable {
        var honestHits = 0
        var fraudHits = 0

        /// Wrong in how many honest payments, as the packs say it.
        func text(honest: Int, fraud: Int) -> String {
            let share = Double(honestHits * 100_000 / max(1, honest)) / 1_000
            return "held \(honestHits) of \(honest) honest payments (\(share) %) and "
                + "\(fraudHits) of \(fraud) fraudulent ones"
        }
    }

    /// The rules whose facts the simulator has.
    static let measured = ["ACC-011", "AMT-002", "DEV-008", "FIN-004", "NET-029", "VEL-026"]

    private(set) var counts: [String: Count] = [:]
    private(set) var honest = 0
    private(set) var fraud = 0
    private let rules: RuleSet
    private let measuredRules: [Rule]
    private var payees = PayeeHistory()

    init(_ rules: RuleSet) {
        self.rules = rules
        measuredRules = rules.rules.filter { Self.measured.contains($0.id) }
    }

    mutating func run(payments: Int, seed: UInt64 = 1) {
        var evaluator = Evaluator()
        for payment in PaymentStream(SimulationPlan(seed: seed, payments: payments)) {
            if payment.isFraud { fraud += 1 } else { honest += 1 }
            let sheet = sheet(of: payment)
            for rule in measuredRules {
                let result = evaluator.condition(
                    rule.expression, of: rules.program, over: sheet.frame)
                guard case .holds = result else { continue }
                counts[rule.id, default: Count()].honestHits += payment.isFraud ? 0 : 1
                counts[rule.id, default: Count()].fraudHits += payment.isFraud ? 1 : 0
            }
        }
    }

    private mutating func sheet(of payment: Payment) -> FactSheet {
        var sheet = FactSheet(catalogue: rules.catalogue)
        sheet.set("tx.amount", to: .int(payment.cents))
        sheet.set("tx.type", to: .string(payment.kind.rawValue))
        sheet.set("acct.status", to: .string("active"))
        if let device = payment.device {
            sheet.set("dev.webdriver", to: .bool(device.webdriver))
            sheet.set("dev.headless", to: .bool(device.headless))
        }
        if let network = payment.network { sheet.set("ip.is_tor", to: .bool(network.isTor)) }
        let seen = payees.see(payment)
        sheet.set("vel.acct_same_amount_payee_5m", to: .int(Int64(seen.duplicates)))
        if let senders = seen.senders {
            sheet.set("payee.senders_24h", to: .int(Int64(senders)))
            sheet.set("payee.age_days", to: .int(seen.ageDays))
        }
        return sheet
    }
}

/// What payments before the present one say of its payee.
private struct PayeeHistory {
    private var lastSame: [String: [Int64]] = [:]
    private var senders: [String: [(at: Int64, customer: Int)]] = [:]
    private var firstSeen: [String: Int64] = [:]

    struct Seen {
        /// Payments of the same account, amount and payee within five minutes.
        var duplicates = 0
        /// Different payers of the payee within a day; nil without a payee.
        var senders: Int?
        var ageDays: Int64 = 0
    }

    mutating func see(_ payment: Payment) -> Seen {
        var seen = Seen()
        let now = payment.milliseconds
        guard let payee = payment.payee ?? payment.merchant else { return seen }
        let key = "\(payment.customer) \(payment.cents) \(payee)"
        let same = (lastSame[key] ?? []).filter { $0 > now - 300_000 }
        seen.duplicates = same.count
        lastSame[key] = same + [now]
        guard payment.payee != nil else { return seen }
        let recent = (senders[payee] ?? []).filter { $0.at > now - 86_400_000 }
        seen.senders = Set(recent.map(\.customer)).count
        senders[payee] = recent + [(now, payment.customer)]
        seen.ageDays = (now - (firstSeen[payee] ?? now)) / 86_400_000
        if firstSeen[payee] == nil { firstSeen[payee] = now }
        return seen
    }
}
