import FeatureEngine
import RuleLanguage
import Testing

@Suite struct EventExpressionTests {
    private func builder() -> EventExpressionsBuilder {
        EventExpressionsBuilder(
            DerivedWorld.events[DerivedWorld.payment], constants: DerivedWorld.constants)
    }

    private func complete(
        _ expressions: EventExpressions, _ input: EventInput
    ) -> (event: EngineEvent, failedChecks: [EventExpressions.FailedCheck]) {
        let (input, failed) = expressions.complete(input, hash: DerivedWorld.hash)
        return (input.event, failed)
    }

    private static let time: Int64 = 1_760_000_000_000

    @Test("a filter holds, fails or lacks what it asks for")
    func filters() throws {
        var builder = builder()
        let online = try builder.addFilter("channel == \"online\"")
        let large = try builder.addFilter("tx.amount > P.large")
        let known = try builder.addFilter("payee_id in L.payees && amount > 0")
        let away = try builder.addFilter("km(place, place) > 3.0")
        #expect(try builder.addFilter("channel == \"online\"") == online)
        let expressions = try builder.build()
        #expect(expressions.filterCount == 4)
        let (event, failed) = complete(
            expressions, DerivedWorld.payment(at: Self.time, amount: 20_000, payee: "bob"))
        #expect(failed.isEmpty)
        #expect(event.filters.contains(online))
        #expect(event.filters.contains(large))
        #expect(event.filters.contains(known))
        #expect(!event.filters.contains(away))
        let other = complete(
            expressions, DerivedWorld.payment(at: Self.time, amount: nil, channel: 2, payee: "zoe"))
        #expect(other.event.filters == [])
    }

    @Test("a check that fails or errs is named, one that lacks a field is passed over")
    func checks() throws {
        var builder = builder()
        _ = try builder.addCheck("amount > 0")
        _ = try builder.addCheck("ratio(1, amount) > 0.0")
        _ = try builder.addCheck("payee_id in L.payees")
        let expressions = try builder.build()
        let zero = complete(expressions, DerivedWorld.payment(at: Self.time, amount: 0))
        #expect(zero.failedChecks.map(\.check) == [0, 1])
        #expect(zero.failedChecks.map(\.error) == [nil, .divisionByZero])
        let missing = complete(
            expressions, DerivedWorld.payment(at: Self.time, amount: nil, payee: nil))
        #expect(missing.failedChecks.isEmpty)
    }

    @Test("computed fields come before what reads them, in whatever order")
    func values() throws {
        let scope = EventScope(
            name: "payment",
            fields: DerivedWorld.events[DerivedWorld.payment].fields + [
                FactDeclaration(name: "late", type: .bool),
                FactDeclaration(name: "hour", type: .int),
                FactDeclaration(name: "half", type: .double),
                FactDeclaration(name: "pair", type: .string),
            ])
        var builder = EventExpressionsBuilder(scope, constants: DerivedWorld.constants)
        try builder.setValue(ofField: 6, "hour >= 4")
        try builder.setValue(ofField: 7, "local_hour(time)")
        try builder.setValue(ofField: 8, "ratio(amount, 2)")
        try builder.setValue(ofField: 9, "payee_id + \">\" + kind")
        _ = try builder.addFilter("late && half > 1.0 && pair == \"alice>x\"")
        let expressions = try builder.build()
        func event(_ amount: Int64?) -> EventInput {
            let given = DerivedWorld.payment(
                at: 3_600_000 * 5, amount: amount, offset: -60, kind: "x")
            return EventInput(
                EngineEvent(
                    type: 0, time: given.event.time,
                    values: given.event.values + [nil, nil, nil, nil]),
                texts: given.texts + [nil, nil, nil, nil])
        }
        let full = expressions.complete(event(3), hash: DerivedWorld.hash).input
        #expect(full.event.values[6] == 1)
        #expect(full.event.values[7] == 4)
        #expect(full.event.values[8] == Int64(bitPattern: (1.5).bitPattern))
        #expect(full.event.values[9] == DerivedWorld.word("alice>x"))
        #expect(full.texts[9] == "alice>x")
        #expect(full.event.filters.contains(0))
        let missing = expressions.complete(event(nil), hash: DerivedWorld.hash).input
        #expect(missing.event.values[8] == nil)
        #expect(missing.event.filters == [])
    }

    @Test("a computed field of another type, or a circle of them, is refused")
    func wrongValues() throws {
        var builder = builder()
        #expect(throws: CompilationFailure.self) { try builder.setValue(ofField: 4, "payee_id") }
        #expect(throws: CompilationFailure.self) { try builder.setValue(ofField: 4, "amount") }
        #expect(throws: CompilationFailure.self) { try builder.setValue(ofField: 0, "size(kind)") }
        try builder.setValue(ofField: 2, "kind")
        try builder.setValue(ofField: 5, "payee_id")
        #expect(throws: CompilationFailure.self) { try builder.build() }
    }

    @Test("an event type has as many filters as an event has bits")
    func limit() throws {
        var builder = builder()
        for index in 0..<EventFilters.capacity {
            #expect(try builder.addFilter("amount > \(index)") == index)
        }
        #expect(throws: CompilationFailure.self) { try builder.addFilter("amount > 999") }
        #expect(try builder.addFilter("amount > 3") == 3)
        let event = complete(
            try builder.build(), DerivedWorld.payment(at: Self.time, amount: 200)
        ).event
        for index in 0..<EventFilters.capacity {
            #expect(event.filters.contains(index) == (index < 200))
        }
    }
}
