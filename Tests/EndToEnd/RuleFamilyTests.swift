import AssayMessages
import Foundation
import TestSupport
import Testing
import Wire

/// Rules over a real feature store: what happened to a customer fires rules of many families.
@Suite("Events become facts of rules", .serialized, .timeLimit(.minutes(10)))
struct RuleFamilyTests {
    static let customer = "customer-families"
    static let account = "account-families"
    static let card = "card-families"

    static func json(_ id: String, at time: String, amount: String, payee: String) -> String {
        """
        {"requestId":"\(id)","industry":"fintech","explain":"full",
         "transaction":{"transactionId":"\(id)","occurredAt":"\(time)",
           "amount":{"currency":"EUR","amount":"\(amount)"},
           "type":"p2p","channel":"app","country":"DE"},
         "account":{"accountId":"\(account)"},"customer":{"customerId":"\(customer)"},
         "payee":{"payeeId":"\(payee)"},
         "device":{"installId":"phone-families","canvasFingerprint":"c0ffee","os":"android"},
         "network":{"address":"203.0.113.77","country":"DE"},
         "card":{"token":"\(card)","cvv":"pass"}}
        """
    }

    /// What happens to the customer besides payments.
    static func happen(_ features: FeatureClient, at second: Int64) async throws {
        for kind in ["password", "mfa_off", "email"] {
            try await features.send(
                "security_change", "\(kind)-families", at: second - 7_200,
                [("customer_id", .text(customer)), ("kind", .text(kind))])
        }
        for number in 0..<3 {
            try await features.send(
                "login", "login-families-\(number)", at: second - 600,
                [
                    ("customer_id", .text(customer)), ("result", .text("failed")),
                    ("ip", .text("203.0.113.77")),
                ])
        }
        try await features.send(
            "fraud_label", "label-families", at: second - 100,
            [("payment_id", .text("family-0")), ("kind", .text("chargeback"))])
    }

    @Test("rules of eight families fire on what the feature store has seen")
    func families() async throws {
        let assay = try await AssayUnderTest()
        let curl = Curl(port: try assay.port("gateway"), authority: assay.authority)
        let key = try assay.key("default")
        let features = try FeatureClient(assay)
        let now = Date()
        let second = Int64(now.timeIntervalSince1970)
        for number in 0..<15 {
            let time = Payments.text(now.addingTimeInterval(Double(number * 10 - 500)))
            let reply = try await curl.decide(
                json: Self.json(
                    "family-\(number)", at: time, amount: "1.50", payee: "payee-\(number)"),
                key: key)
            #expect(reply.status == 200, "\(reply.text)")
        }
        try await Self.happen(features, at: second)

        // On a busy machine the store may miss a payment's 50 ms; then the next one tells.
        var decision: JSONValue?
        for attempt in 0..<20 {
            let reply = try await curl.decide(
                json: Self.json(
                    "family-last-\(attempt)", at: Payments.text(now), amount: "12000.00",
                    payee: "payee-new"), key: key)
            #expect(reply.status == 200, "\(reply.text)")
            decision = reply.body["decision"]
            if decision?["degraded"]?.elements.isEmpty ?? true { break }
        }
        let rules = decision?["flags"]?.elements.compactMap { $0["rule"]?.text } ?? []
        let wanted = [
            "VEL-001", "AMT-011", "ACC-008", "ATO-004", "NET-016", "CRD-011", "LST-005",
            "FIN-001",
        ]
        for rule in wanted { #expect(rules.contains(rule), "\(rule) is not in \(rules)") }
        #expect(Set(rules.map { $0.prefix(3) }).count >= 8, "\(rules)")
        await features.close()
        #expect(await assay.stop() == .exit(0))
    }
}

extension JSONValue {
    fileprivate var elements: [JSONValue] {
        if case .array(let values) = self { values } else { [] }
    }
}
