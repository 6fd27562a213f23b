import AssayMessages
import FeatureEngine
import Testing
import Wire

@testable import FeatureCore

/// Rows that are wrong in known ways: what is found is held against what was planted.
@Suite struct MalformedRowsTests {
    private struct Fault {
        let field: String
        let value: AssayFeaturesV1.FieldValue?
        let rule: String
        let policy: EventProblem.Policy
    }

    /// For each field, what may be wrong with it; of one row each field has at most one fault.
    private static let faults: [[Fault]] = [
        [
            Fault(field: "amount", value: .integer(5), rule: "type", policy: .reject),
            Fault(
                field: "amount", value: EventFixture.money("-0.01", "EUR"), rule: "range",
                policy: .flag),
            Fault(
                field: "amount", value: EventFixture.money("1000000000.01", "EUR"),
                rule: "range", policy: .flag),
            Fault(
                field: "amount", value: EventFixture.money("999999999999999999", "EUR"),
                rule: "range", policy: .quarantine),
        ],
        [
            Fault(
                field: "fee", value: EventFixture.money("-1", "USD"), rule: "negative",
                policy: .flag),
            Fault(
                field: "fee", value: EventFixture.money("1", "ABC"), rule: "currency",
                policy: .quarantine),
            Fault(
                field: "fee", value: EventFixture.money("1", "CHF"), rule: "currency",
                policy: .quarantine),
            Fault(field: "fee", value: .flag(true), rule: "type", policy: .reject),
        ],
        [Fault(field: "merchant_id", value: nil, rule: "required", policy: .reject)],
        [
            Fault(field: "mcc", value: .text("54112"), rule: "key", policy: .reject),
            Fault(field: "mcc", value: .number(5411), rule: "type", policy: .reject),
        ],
        [
            Fault(
                field: "card_id", value: .text(String(repeating: "x", count: 129)), rule: "key",
                policy: .reject),
            Fault(field: "card_id", value: .integer(1), rule: "type", policy: .reject),
        ],
        [
            Fault(field: "channel", value: .text("carrier pigeon"), rule: "enum", policy: .flag),
            Fault(field: "channel", value: .integer(1), rule: "type", policy: .reject),
        ],
        [
            Fault(field: "location", value: .text("Munich"), rule: "type", policy: .reject),
            Fault(
                field: "location",
                value: .place(AssayTypesV1.Place(latitude: 91, longitude: 0)), rule: "type",
                policy: .reject),
        ],
        [
            Fault(field: "attempts", value: .integer(0), rule: "range", policy: .flag),
            Fault(field: "attempts", value: .number(1), rule: "type", policy: .reject),
            Fault(field: "attempts", value: .integer(.min), rule: "range", policy: .flag),
        ],
        [
            Fault(field: "score", value: .number(.nan), rule: "type", policy: .reject),
            Fault(field: "score", value: .number(.infinity), rule: "type", policy: .reject),
            Fault(field: "score", value: .integer(.max), rule: "type", policy: .reject),
        ],
        [Fault(field: "card_present", value: .integer(1), rule: "type", policy: .reject)],
        [Fault(field: "expires_at", value: .integer(1), rule: "type", policy: .reject)],
        [Fault(field: "born", value: .text("1980-02-29"), rule: "type", policy: .reject)],
        [Fault(field: "payment_id", value: .text("another"), rule: "id", policy: .reject)],
    ]

    @Test("of 1,000 malformed rows every failure is found, and nothing else")
    func all() throws {
        let resolver = EventResolver(
            EventFixture.definitions, keys: TenantKeys(TenantKeyTests.master))
        var random = SeededGenerator(seed: 1_000)
        for index in 0..<1_000 {
            var fields = EventFixture.fields
            var planted: Set<String> = []
            var worst: EventProblem.Policy?
            func plant(_ path: String, _ rule: String, _ policy: EventProblem.Policy) {
                planted.insert("\(path) \(rule) \(policy)")
                worst = max(worst ?? policy, policy)
            }
            while planted.isEmpty {
                for faults in Self.faults where random.next() % 3 == 0 {
                    let fault = faults[Int(random.next() % UInt64(faults.count))]
                    fields[fault.field] = fault.value
                    plant("/event/fields/\(fault.field)", fault.rule, fault.policy)
                }
            }
            var time = EventFixture.now
            switch random.next() % 4 {
            case 0:
                time += 3_600_000
                plant("/event/time", "future", .quarantine)
            case 1:
                time -= 8 * 86_400_000
                plant("/event/time", "too_late", .quarantine)
            default: break
            }
            let event = EventFixture.payment("p\(index)", at: time, fields)
            let resolved = try resolver.resolve(
                event, tenant: "bank", received: EventFixture.now)
            let found = resolved.problems.map { "\($0.path) \($0.rule) \($0.policy)" }
            #expect(Set(found) == planted, "seed 1000, row \(index)")
            #expect(found.count == planted.count)
            #expect(resolved.policy == worst)
            for problem in resolved.problems {
                #expect(!problem.expected.isEmpty && !problem.found.isEmpty)
            }
        }
    }
}
