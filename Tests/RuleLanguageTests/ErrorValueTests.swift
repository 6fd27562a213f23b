import RuleLanguage
import Testing

@Suite struct ErrorValueTests {
    private func condition(
        _ source: String, _ values: [String: Constant] = [:]
    ) throws -> ConditionResult {
        var builder = ProgramBuilder(environment: Fixture.environment)
        let expression = try builder.addCondition(source)
        var evaluator = Evaluator()
        return evaluator.condition(expression, of: builder.build(), over: Fixture.frame(values))
    }

    @Test("a side of || that is true absorbs a missing fact on either side")
    func or() throws {
        let users: [String: Constant] = ["vel.acct_cnt_1h": .int(4)]
        #expect(try condition("vel.acct_cnt_1h >= 3 || addr.users >= 3", users) == .holds)
        #expect(try condition("addr.users >= 3 || vel.acct_cnt_1h >= 3", users) == .holds)
        let one: [String: Constant] = ["vel.acct_cnt_1h": .int(1)]
        #expect(try condition("vel.acct_cnt_1h >= 3 || addr.users >= 3", one) == .missing)
        #expect(try condition("addr.users >= 3 || vel.acct_cnt_1h >= 3", one) == .missing)
    }

    @Test("a side of && that is false absorbs a missing fact on either side")
    func and() throws {
        let one: [String: Constant] = ["vel.acct_cnt_1h": .int(1)]
        #expect(try condition("vel.acct_cnt_1h >= 3 && addr.users >= 3", one) == .fails)
        #expect(try condition("addr.users >= 3 && vel.acct_cnt_1h >= 3", one) == .fails)
        let four: [String: Constant] = ["vel.acct_cnt_1h": .int(4)]
        #expect(try condition("vel.acct_cnt_1h >= 3 && addr.users >= 3", four) == .missing)
    }

    @Test("an error that is no missing fact wins, whatever the order")
    func causes() throws {
        let values: [String: Constant] = ["vel.acct_cnt_1h": .int(0)]
        let sources = [
            "addr.users > 1 || 10 / vel.acct_cnt_1h > 1",
            "10 / vel.acct_cnt_1h > 1 || addr.users > 1",
            "addr.users + 10 / vel.acct_cnt_1h > 1", "10 / vel.acct_cnt_1h + addr.users > 1",
            "[addr.users, 10 / vel.acct_cnt_1h] == [1]",
        ]
        for source in sources {
            #expect(try condition(source, values) == .failed(.divisionByZero), "\(source)")
        }
    }

    @Test("has() tells whether a fact is known and never errs")
    func has() throws {
        #expect(try condition("has(addr.users)") == .fails)
        #expect(try condition("has(addr.users)", ["addr.users": .int(0)]) == .holds)
        #expect(try condition("has(addr.users) && addr.users > 1") == .fails)
        #expect(try condition("!has(addr.users) || addr.users > 1") == .holds)
    }

    @Test("the condition of ?: decides which side is looked at, and its error is the result")
    func conditional() throws {
        let first: [String: Constant] = ["tx.is_first": .bool(true), "tx.amount": .int(5)]
        #expect(try condition("tx.is_first ? tx.amount > 1 : addr.users > 1", first) == .holds)
        #expect(try condition("tx.is_first ? addr.users > 1 : tx.amount > 1", first) == .missing)
        #expect(try condition("tx.is_first ? tx.amount > 1 : true") == .missing)
    }

    @Test("all facts of every kind can be read, and a frame can be emptied")
    func frames() throws {
        let values: [String: Constant] = [
            "tx.amount": .int(3), "tx.type": .string("transfer"), "tx.is_first": .bool(true),
            "base.z": .double(2.5), "cust.nexus": .list([.string("GB"), .string("DE")]),
        ]
        let source =
            "tx.amount > 2 && tx.type in ['transfer'] && tx.is_first && base.z > 2.0 "
            + "&& 'DE' in cust.nexus && cust.nexus[0] == 'GB' && size(cust.nexus) == 2"
        #expect(try condition(source, values) == .holds)
        var frame = Fixture.frame(values)
        for (name, value) in values {
            #expect(Fixture.facts.slot(of: name).flatMap(frame.value(at:)) == value)
        }
        frame.removeAll()
        #expect((0..<Fixture.facts.count).allSatisfy { !frame.isPresent($0) })
    }

    @Test("one evaluator runs many expressions, and each is as if it ran alone")
    func programs() throws {
        var builder = ProgramBuilder(environment: Fixture.environment)
        let sources = [
            "tx.type + 'x' == 'transferx'", "vel.acct_cnt_1h > P.hourly", "tx.type + 'y' == 'a'",
            "size([tx.type, tx.type]) == 2", "tx.amount > P.high_amount",
        ]
        let numbers = try sources.map { try builder.addCondition($0) }
        let program = builder.build()
        let frame = Fixture.frame(["tx.type": .string("transfer"), "vel.acct_cnt_1h": .int(6)])
        var evaluator = Evaluator()
        for _ in 0..<3 {
            let results = numbers.map { evaluator.condition($0, of: program, over: frame) }
            #expect(results == [.holds, .holds, .fails, .holds, .missing])
        }
    }
}
