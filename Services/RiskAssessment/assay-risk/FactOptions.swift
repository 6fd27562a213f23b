import ArgumentParser
import Foundation
import RiskCore
import Storage

/// Where facts come from.
struct FactOptions: ParsableArguments {
    @Option(
        help: "Vector that the model of payments reads, such as payment_fraud@1 or fraud_basic@1.")
    var paymentVector = "payment_fraud@1"

    @Flag(
        inversion: .prefixedNo,
        help: "Rules read the vector rule_facts@1; without it they see the model's vector alone.")
    var ruleVector = true

    @Option(
        help: ArgumentHelp(
            "Namespaces of facts whose sources are switched on, such as kyc,bureau,screen.",
            valueName: "namespaces"))
    var enabledFacts = ""

    @Option(
        help: ArgumentHelp(
            "File with 64 hexadecimal digits: the secret that contact data and devices are hashed under.",
            discussion: "Without it a secret is made at the first start and kept with the log.",
            valueName: "file"))
    var tenantSecret: String?

    private static let namespaces = [
        "addr", "bureau", "cons", "cust", "email", "graph", "kyc", "phone", "screen",
    ]

    func validate() throws {
        _ = try vector()
        for name in names where !Self.namespaces.contains(name) {
            throw ValidationError(
                "--enabled-facts: '\(name)' is none of "
                    + Self.namespaces.joined(separator: ", "))
        }
    }

    func apply(
        to configuration: inout RiskConfiguration, _ store: any KeyValueStore
    ) throws {
        (configuration.vectorName, configuration.vectorVersion) = try vector()
        configuration.usesRuleVector = ruleVector
        configuration.enabledFacts = Set(names)
        configuration.tenantKeys = try tenantKeys(store)
    }

    private var names: [String] {
        enabledFacts.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private func vector() throws -> (String, UInt32) {
        let parts = paymentVector.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let version = UInt32(parts[1]), version > 0
        else {
            throw ValidationError(
                "--payment-vector: expected NAME@VERSION, such as payment_fraud@1, "
                    + "not '\(paymentVector)'")
        }
        return (String(parts[0]), version)
    }

    private func tenantKeys(_ store: any KeyValueStore) throws -> TenantKeys {
        guard let path = tenantSecret else {
            return try TenantKeys.kept(in: store) {
                var generator = SystemRandomNumberGenerator()
                return (0..<TenantKeys.secretBytes).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
            }
        }
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let keys = TenantKeys(hexadecimal: text) else {
            throw ValidationError("\(path): expected 64 hexadecimal digits and nothing else")
        }
        return keys
    }
}
