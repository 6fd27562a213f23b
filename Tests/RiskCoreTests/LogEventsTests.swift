import AssayMessages
import Dispatch
import RPC
import Storage
import Testing
import Wire

@testable import RiskCore

@Suite struct LogEventsTests {
    private func payment(
        _ number: Int, minor: Int64 = 2_500
    ) -> AssayRiskV1.AssessTransactionRequest {
        var request = RiskHarness.payment("r-\(number)")
        request.transaction.amount =
            Money(
                Decimal64(coefficient: minor, scale: 2) ?? .zero,
                request.transaction.amount.currency)
        request.customer?.customerID = "cust-\(number % 3)"
        return request
    }

    /// A log of payments whose accounts made more and more of them within the hour.
    private func filled(_ count: Int) async throws -> RiskHarness {
        let harness = try RiskHarness(FakeServices.Script(probability: 0.1))
        for number in 0..<count {
            harness.fakes.script.withLock { $0.features["acct_txn_cnt_1h"] = Double(number) }
            harness.clock.seconds.withLock { $0 += 60 }
            _ = try await harness.assess(payment(number))
        }
        return harness
    }

    private func run(
        _ harness: RiskHarness, _ candidate: RuleSet, last: UInt64 = 0,
        tenant: String = "acme", since: Int64? = nil, threads: Int = 1
    ) throws -> AssayRiskV1.BacktestReport {
        let live = try BacktestFixture.side(Repository.shippedRules())
        let choice = BacktestChoice(
            tenant: tenant, since: since.flatMap { Timestamp(seconds: $0) }, last: last)
        return try Backtest(live: live, candidate: try BacktestFixture.side(candidate)).run(
            over: harness.store, archive: RuleArchive(store: harness.store), choice: choice,
            threads: threads
        ).report
    }

    @Test("recorded decisions replay without drift, and a changed rule shows what it changes")
    func recorded() async throws {
        let harness = try await filled(12)
        let same = try run(harness, Repository.shippedRules())
        #expect(same.decisions == 12 && same.drifted == 0 && same.changed == 0)
        #expect(same.leftOut == 0)
        let candidate = try BacktestFixture.rules(BacktestFixture.lowerHourlyLimit)
        let report = try run(harness, candidate)
        let rule = try #require(report.rules.first { $0.rule == "VEL-001" })
        // 6 to 11 payments before, 4 and 5 too now.
        #expect(rule.hitsBefore == 6 && rule.hitsAfter == 8 && rule.subjects == 3)
        #expect(rule.amountAfter == 8 * 2_500)
        let gained = report.cells.flatMap(\.examples).filter { $0.gained == ["VEL-001"] }
        #expect(Set(gained.map(\.transactionID)) == ["t-r-4", "t-r-5"])
        #expect(Set(gained.map(\.subject)) == ["cust-1", "cust-2"])
        #expect(try run(harness, candidate, threads: 3).encoded() == report.encoded())
        await harness.log.close()
    }

    @Test("a part of the log is chosen by number, by time, and by tenant")
    func chosen() async throws {
        let harness = try await filled(10)
        let rules = try Repository.shippedRules()
        _ = try await harness.assess(payment(99), tenant: "other")
        #expect(try run(harness, rules).decisions == 10)
        #expect(try run(harness, rules, last: 4).decisions == 3)
        #expect(try run(harness, rules, tenant: "other").decisions == 1)
        #expect(try run(harness, rules, tenant: "nobody").decisions == 0)
        let fourth = 1_772_366_400 + 4 * 60
        #expect(try run(harness, rules, since: Int64(fourth)).decisions == 7)
        await harness.log.close()
    }

    @Test("one damaged record is left out, counted, and does not stop the rest")
    func damaged() async throws {
        let harness = try await filled(5)
        await harness.log.close()
        var batch = WriteBatch()
        batch.put(DecisionLog.key(3), [1, 2, 3], in: DecisionLog.records)
        try harness.store.write(batch, sync: false)
        let report = try run(harness, Repository.shippedRules())
        #expect(report.decisions == 4 && report.leftOut == 1)
        #expect(report.leftOutReasons["records that are damaged"] == 1)
    }

    @Test("one backtest at a time for a tenant, and the next when it has ended")
    func desk() async throws {
        let harness = try await filled(3)
        let desk = BacktestDesk(
            store: harness.store, archive: RuleArchive(store: harness.store))
        let side = try BacktestFixture.side(Repository.shippedRules())
        let backtest = Backtest(live: side, candidate: side)
        for _ in 0..<3 {
            let steps = try desk.begin(backtest, over: BacktestChoice(tenant: "acme"))
            var report: AssayRiskV1.BacktestReport?
            for await step in steps {
                if case .ended(let result) = step { report = try result.get().report }
            }
            #expect(report?.decisions == 3)
        }
        await harness.log.close()
    }

    @Test("a second backtest of a tenant is refused while one runs, and so is a third of anyone")
    func refused() async throws {
        let harness = try await filled(3)
        let store = GatedStore(harness.store)
        defer { store.open() }
        let desk = BacktestDesk(store: store, archive: RuleArchive(store: harness.store))
        let side = try BacktestFixture.side(Repository.shippedRules())
        func begin(_ tenant: String, last: UInt64 = 0) throws -> AsyncStream<BacktestDesk.Step> {
            try desk.begin(
                Backtest(live: side, candidate: side),
                over: BacktestChoice(tenant: tenant, last: last))
        }
        let first = try begin("acme")
        for last in [UInt64(0), 2] {
            let error = #expect(throws: RPCError.self) { try begin("acme", last: last) }
            #expect(error?.code == .resourceExhausted && error?.reason == "BACKTEST_RUNNING")
            #expect(error?.message.contains("a backtest is running already") == true)
        }
        let second = try begin("other")
        let error = #expect(throws: RPCError.self) { try begin("third") }
        #expect(error?.message.contains("2 backtests of others are running") == true)
        store.open()
        for steps in [first, second] { for await _ in steps {} }
        for await step in try begin("acme", last: 2) {
            guard case .ended(let result) = step else { continue }
            #expect(try result.get().report.decisions == 2)
        }
        await harness.log.close()
    }
}

/// A store that is not read until it is opened.
private final class GatedStore: KeyValueStore {
    private let store: any KeyValueStore
    private let gate = DispatchSemaphore(value: 0)

    init(_ store: any KeyValueStore) { self.store = store }

    func open() { gate.signal() }

    private func pass() {
        gate.wait()
        gate.signal()
    }

    func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? {
        pass()
        return try store.get(key, in: family)
    }

    func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {
        try store.write(batches, sync: sync)
    }

    func scan(
        _ family: Family, _ range: KeyRange, reversed: Bool,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        pass()
        try store.scan(family, range, reversed: reversed, body)
    }

    func close() {}
}
