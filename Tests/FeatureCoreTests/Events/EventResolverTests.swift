import AssayMessages
import FeatureEngine
import RPC
import Testing
import Wire

@testable import FeatureCore

@Suite struct EventResolverTests {
    let resolver = EventResolver(
        EventFixture.definitions, keys: TenantKeys(TenantKeyTests.master))

    private func resolve(
        _ event: AssayFeaturesV1.Event, references: [AssayFeaturesV1.Event] = [],
        received: Int64? = EventFixture.now
    ) throws -> ResolvedEvent {
        try resolver.resolve(event, tenant: "bank", references: references, received: received)
    }

    private func position(_ field: String, of type: String = "payment") throws -> Int {
        let event = try #require(resolver.definitions.event(named: type))
        return try #require(resolver.definitions.events[event].position(ofField: field))
    }

    private func word(
        _ field: String, _ event: ResolvedEvent, of type: String = "payment"
    ) throws -> Int64? {
        event.words[try position(field, of: type)]
    }

    @Test("every kind of field becomes the engine's word")
    func words() throws {
        let event = try resolve(EventFixture.payment())
        #expect(event.problems.isEmpty)
        #expect(try word("amount", event) == 4_995)
        #expect(try word("fee", event) == 92)
        #expect(try word("fee_original", event) == 100)
        #expect(event.texts[try position("fee_currency")] == "USD")
        #expect(event.conversions == [ResolvedEvent.Conversion(field: "fee", units: 92)])
        #expect(try word("channel", event) == 1)
        #expect(
            try word("location", event)
                == ValueKind.place(latitude: 481_374_000, longitude: 115_755_000))
        #expect(try word("attempts", event) == 1)
        #expect(event.double(try position("score")) == 0.25)
        #expect(try word("card_present", event) == 1)
        #expect(try word("expires_at", event) == EventFixture.now + 86_400_000)
        #expect(try word("born", event) == 3_711 * 86_400_000)
        #expect(try word("occurred_at", event) == EventFixture.now)
        #expect(event.texts[try position("payment_id")] == "p1")
        // A text is hashed where a state takes it, and nowhere else.
        let key = TenantKey(TenantKeyTests.master, tenant: "bank")
        #expect(try word("merchant_id", event) == key.hash("shop"))
        #expect(try word("mcc", event) == nil)
        #expect(event.texts[try position("mcc")] == "5411")
    }

    @Test("an event names entities in roles and by composite keys, under their pseudonyms")
    func entities() throws {
        let event = try resolve(EventFixture.payment())
        let key = TenantKey(TenantKeyTests.master, tenant: "bank")
        let entities = event.entities(resolver.definitions, tenant: "bank")
        let found = Dictionary(
            uniqueKeysWithValues: entities.map {
                (resolver.definitions.entities[$0.entity].name + " " + $0.role, $0.key)
            })
        #expect(
            found == [
                "card ": key.pid(entity: "card", key: "card-1"),
                "customer ": key.pid(entity: "customer", key: "customer-1"),
                "terminal ": key.pid(entity: "terminal", key: "terminal-1"),
                "customer_mcc ": key.pid(
                    entity: "customer_mcc", parts: ["customer-1", "5411"]),
                "account origin": key.pid(entity: "account", key: "account-1"),
                "account destination": key.pid(entity: "account", key: "account-2"),
            ])
        var fields = EventFixture.fields
        fields["payee_account_id"] = .text("account-1")
        fields["mcc"] = nil
        let both = try resolve(EventFixture.payment("p", at: EventFixture.now, fields))
            .entities(resolver.definitions, tenant: "bank")
        // One account in two roles is one entity; half a key is none.
        #expect(both.count == 4)
        #expect(both.map(\.touches.nonzeroBitCount).max() == 2)
    }

    @Test("what an event refers to gives its fields and entities, and must be recorded")
    func references() throws {
        let outcome = EventFixture.outcome("declined", of: "p1")
        #expect(
            resolver.references(of: outcome)
                == [
                    EventResolver.Reference(
                        position: 0, type: "payment", id: "p1", field: "payment_id")
                ])
        let event = try resolve(outcome, references: [EventFixture.payment()])
        #expect(event.problems.isEmpty)
        #expect(try word("payment.amount", event, of: "payment_outcome") == 4_995)
        #expect(try word("payment.fee", event, of: "payment_outcome") == 92)
        #expect(event.conversions == [ResolvedEvent.Conversion(field: "payment.fee", units: 92)])
        let key = TenantKey(TenantKeyTests.master, tenant: "bank")
        let entities = event.entities(resolver.definitions, tenant: "bank")
        #expect(entities.contains { $0.key == key.pid(entity: "card", key: "card-1") })
        let names = entities.map { resolver.definitions.entities[$0.entity].name }
        #expect(names == ["account", "account", "card", "customer", "customer_mcc", "terminal"])

        for (event, references) in [
            (outcome, []), (EventFixture.outcome("declined", of: nil), []),
            (outcome, [EventFixture.payment("p2")]),
            (outcome, [EventFixture.outcome("approved", of: "p", id: "p1")]),
        ] as [(AssayFeaturesV1.Event, [AssayFeaturesV1.Event])] {
            let problems = try resolve(event, references: references).problems
            #expect(problems.map(\.rule) == ["refers_to"])
            #expect(problems.map(\.policy) == [.quarantine])
        }
    }

    @Test("an event of the log keeps the amounts it was converted to, whatever the rates are now")
    func conversions() throws {
        let conversions = [
            ResolvedEvent.Conversion(field: "fee", units: 77),
            ResolvedEvent.Conversion(field: "payment.fee", units: 78),
        ]
        let event = try resolver.resolve(
            EventFixture.payment(), tenant: "bank", conversions: conversions, received: nil)
        #expect(try word("fee", event) == 77)
        #expect(try word("amount", event) == 4_995)
        let outcome = try resolver.resolve(
            EventFixture.outcome("declined", of: "p1"), tenant: "bank",
            references: [EventFixture.payment()], conversions: conversions, received: nil)
        #expect(try word("payment.fee", outcome, of: "payment_outcome") == 78)
        #expect(outcome.conversions == [conversions[1]])
    }

    @Test("times outside of what the type allows are kept aside, those before 1970 refused")
    func times() throws {
        let now = EventFixture.now
        for (time, rule, policy) in [
            (now + 5_000, nil, nil), (now + 5_001, "future", .quarantine),
            (now - 7 * 86_400_000, nil, nil), (now - 7 * 86_400_000 - 1, "too_late", .quarantine),
            (-1, "time", .reject), (0, "too_late", .quarantine),
            (EngineEvent.latestTime - 1, "future", .quarantine),
        ] as [(Int64, String?, EventProblem.Policy?)] {
            let event = AssayFeaturesV1.Event(
                id: "p", type: "payment",
                time: EventFixture.time(time),
                fields: EventFixture.payment().fields)
            let resolved = try resolve(event)
            #expect(resolved.problems.map(\.rule) == (rule.map { [$0] } ?? []), "\(time)")
            #expect(resolved.policy == policy)
            #expect((0...EngineEvent.latestTime).contains(resolved.time))
        }
    }

    @Test("fields that a type does not have are all named at once, with what else is wrong")
    func unknownFields() throws {
        var fields = EventFixture.fields
        fields["amont"] = .integer(1)
        fields["zz"] = .integer(1)
        fields["mcc"] = .integer(1)
        fields["amount_currency"] = .text("EUR")
        let error = #expect(throws: RPCError.self) {
            try resolve(EventFixture.payment("p", at: EventFixture.now, fields))
        }
        #expect(error?.code == .invalidArgument)
        guard case .badRequest(let violations)? = error?.details.first else {
            Issue.record("no details")
            return
        }
        #expect(
            violations.map(\.field) == [
                "/event/fields/amont", "/event/fields/amount_currency", "/event/fields/zz",
                "/event/fields/mcc",
            ])
        #expect(violations.first?.description.contains("\"amount\"") == true)
        let unknown = #expect(throws: RPCError.self) {
            try resolve(AssayFeaturesV1.Event(id: "p", type: "paymnt", time: EventFixture.time(0)))
        }
        #expect(unknown?.message.contains("\"payment\"") == true)
    }

    @Test("no problem quotes a text that a caller gave")
    func quoting() throws {
        var fields = EventFixture.fields
        for name in ["amount", "fee", "location", "attempts", "score", "channel"] {
            fields[name] = .text("Jane Doe")
        }
        fields["card_id"] = .text(String(repeating: "Jane Doe", count: 20))
        fields["mcc"] = .text("Jane Doe")
        let event = try resolve(EventFixture.payment("p", at: EventFixture.now, fields))
        #expect(event.problems.count == 8)
        #expect(!event.problems.contains { "\($0)".contains("Jane") })
    }
}
