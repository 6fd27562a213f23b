import Foundation
import TestSupport
import Testing

/// A model with two versions on a running Assay, and payments that an experiment divides between them.
struct ExperimentTrial {
    let assay: AssayUnderTest
    private let curl: Curl
    private let key: String

    static let model = "payment-fraud"
    private static let shipped = "\(PackageLayout.root)/deploy/examples/payments"

    init(_ assay: AssayUnderTest) throws {
        self.assay = assay
        curl = Curl(port: try assay.port("gateway"), authority: assay.authority)
        key = try assay.key("demo")
    }

    // MARK: Versions

    /// Version 1 is the shipped model, under `champion`; version 2 holds every payment for fraud.
    func pushVersions() async throws {
        try await push(
            "\(Self.shipped)/manifest.json", "\(Self.shipped)/model.json", champion: true)
        let bytes = try Data(contentsOf: URL(filePath: "\(Self.shipped)/manifest.json"))
        var manifest = try #require(
            try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
        let inputs = try #require(manifest["inputs"] as? [[String: Any]])
        var rows = try #require(manifest["goldenRows"] as? [[String: Any]])
        for index in rows.indices { rows[index]["margin"] = [8] }
        manifest["goldenRows"] = rows
        manifest["library"] = "none: one weight"
        let names = inputs.compactMap { $0["name"] as? String }
        let zeros = [Int](repeating: 0, count: names.count)
        let artifact: [String: Any] = [
            "format": "assay-linear", "version": 1, "inputs": names, "impute": zeros,
            "coefficients": [zeros], "intercept": [8], "link": "logit",
        ]
        try await push(
            try write(manifest, to: "doubter-manifest.json"),
            try write(artifact, to: "doubter.json"))
    }

    private func push(_ manifest: String, _ artifact: String, champion: Bool = false) async throws {
        let pushed = try await assay.assay(
            [
                "models", "push", "--model", Self.model, "--manifest", manifest, "--artifact",
                artifact,
            ] + (champion ? ["--alias", "champion"] : []))
        try #require(pushed.end == .exit(0), "\(pushed.errors)")
    }

    private func write(_ object: [String: Any], to name: String) throws -> String {
        let bytes = try JSONSerialization.data(withJSONObject: object)
        return try assay.folder.write(String(decoding: bytes, as: UTF8.self), to: name)
    }

    // MARK: Files

    /// An experiment with a guardrail on approvals, looked at every second.
    static func file(
        _ name: String = "trial", revision: Int = 1, control: Int = 5_000, challenger: Int = 5_000,
        slots: String = "{from: 0, to: 10000}", targeting: String = ""
    ) -> String {
        """
        experiment: \(name)
        revision: \(revision)
        epoch: 1
        owner: models@bank.example
        hypothesis: version 2 finds more fraud at the same approval rate
        model: \(model)
        alias: champion
        unit: customer
        layer: payments
        slots: \(slots)
        allocation: 10000
        arms:
          - {name: control, version: 1, weight: \(control), control: true}
          - {name: challenger, version: 2, weight: \(challenger)}
        \(targeting.isEmpty ? "" : "targeting: '\(targeting)'")
        metrics:
          - {name: fraud_found, role: primary, kind: proportion, event: outcome.fraud, better: higher}
          - {name: approved, role: secondary, kind: proportion, event: decision.approved, better: higher}
          - {name: approval_rate, role: guardrail, kind: proportion, event: decision.approved,
             better: higher, worst_relative: -0.05}
        analysis: {alpha: 0.05, method: asymptotic_sequence, tuning_units: 200, srm_alpha: 0.001,
                   minimum_units_per_arm: 30, look_every: 1s}
        stop: {on_srm: halt, on_guardrail: control, on_success: propose}

        """
    }

    func write(_ file: String, to name: String = "trial.yaml") throws -> String {
        try assay.folder.write(file, to: name)
    }

    // MARK: Payments

    /// What became of one payment.
    struct Decided: Sendable {
        var customer: Int
        var id: String
        var status: String
        var version: Int?
        var arm: String?
        var reason: String?
        var lacked: [String]
    }

    /// Each customer of the range pays once, a few at a time.
    func pay(_ customers: Range<Int>, prefix: String) async throws -> [Decided] {
        try await withThrowingTaskGroup(of: Decided.self) { group in
            var rest = customers[...]
            var decided: [Decided] = []
            for customer in rest.prefix(4) {
                group.addTask { try await pay(customer, prefix) }
            }
            rest = rest.dropFirst(4)
            while let one = try await group.next() {
                decided.append(one)
                if let customer = rest.popFirst() {
                    group.addTask { try await pay(customer, prefix) }
                }
            }
            return decided.sorted { $0.customer < $1.customer }
        }
    }

    private func pay(_ customer: Int, _ prefix: String) async throws -> Decided {
        let json = """
            {"requestId":"\(prefix)-\(customer)","industry":"fintech",
             "transaction":{"transactionId":"\(prefix)-\(customer)","occurredAt":"\(Payments.now)",
               "amount":{"currency":"EUR","amount":"25.00"},"type":"purchase","channel":"web",
               "country":"DE"},
             "account":{"accountId":"account-\(customer)"},
             "customer":{"customerId":"customer-\(customer)"},
             "card":{"token":"card-\(customer)"}}
            """
        let reply = try await curl.decide(json: json, key: key)
        let decision = try #require(reply.body["decision"], "\(reply.text)")
        let assignment = decision["assignments"]?.items.first
        return Decided(
            customer: customer, id: try #require(decision["decisionId"]?.text),
            status: decision["status"]?.text ?? "",
            version: decision["versions"]?["modelVersion"]?.count, arm: assignment?["arm"]?.text,
            reason: assignment?["reason"]?.text,
            lacked: decision["degraded"]?.items.compactMap(\.text) ?? [])
    }

    // MARK: Questions

    /// The reply of a command that prints JSON.
    func json(_ arguments: [String]) async throws -> JSONValue {
        let asked = try await assay.assay(arguments + ["--json"])
        try #require(asked.end == .exit(0), "\(arguments): \(asked.errors)")
        return try JSONDecoder().decode(JSONValue.self, from: Data(asked.output.utf8))
    }

    func experiment() async throws -> JSONValue {
        let page = try await json(["experiments", "status", "trial"])
        return try #require(page["experiments"]?.items.first)
    }

    /// Returns when the model service answers again; gives up after half a minute.
    func modelsAnswer() async throws {
        for _ in 0..<100 {
            if try await assay.assay(["models", "list"]).end == .exit(0) { return }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Asks until the answer holds; gives the last one up after half a minute.
    func until(
        _ ask: () async throws -> JSONValue, holds: (JSONValue) -> Bool
    ) async throws -> JSONValue {
        var answer = try await ask()
        for _ in 0..<150 where !holds(answer) {
            try await Task.sleep(for: .milliseconds(200))
            answer = try await ask()
        }
        return answer
    }
}
