import AssayMessages
import RPC
import Storage
import Synchronization
import Testing
import Wire

@testable import RiskCore

@Suite("What the model service is told of decisions")
struct ExperimentFeedTests {
    private static func script(_ arm: String = "challenger") -> FakeServices.Script {
        var script = FakeServices.Script()
        script.probability = 0.2
        script.assignments = [
            .init(
                experiment: "trial", revision: 1, epoch: 1, arm: arm,
                reason: arm.isEmpty ? .notAllocated : .assigned, unitHash: arm.isEmpty ? 0 : 7)
        ]
        return script
    }

    /// Request ids of what was told, in the order of the calls.
    private static func told(_ fakes: FakeServices) throws -> [String] {
        var found: [String] = []
        for message in fakes.decisions.withLock({ $0 }) {
            var rest = message.records[...]
            while !rest.isEmpty {
                let length = try SealedRecordLayout(rest).end
                let record: AssayRiskV1.DecisionRecord = try SealedRecord.open(
                    Array(rest.prefix(length)))
                found.append(record.requestID)
                rest = rest.dropFirst(length)
            }
        }
        return found
    }

    /// Until there is nothing to tell, or a call failed.
    private static func drain(_ feed: ExperimentFeed) async -> ExperimentFeed.Round {
        while true {
            let round = await feed.tellSome()
            if round != .told { return round }
        }
    }

    @Test("decisions that met an arm are told once, in the order of the log; others never")
    func told() async throws {
        let harness = try RiskHarness(Self.script())
        let feed = harness.feed
        _ = try await harness.assess(RiskHarness.payment("r-1"))
        harness.fakes.script.withLock { $0 = Self.script("") }
        _ = try await harness.assess(RiskHarness.payment("r-2"))
        harness.fakes.script.withLock { $0 = Self.script() }
        _ = try await harness.assess(RiskHarness.payment("r-3"))
        #expect(await Self.drain(feed) == .nothing)
        #expect(try Self.told(harness.fakes) == ["r-1", "r-3"])
        #expect(feed.health == .init(told: 2))
    }

    @Test("what a failing model service missed is told again, also by the next process")
    func again() async throws {
        let harness = try RiskHarness(Self.script())
        let first = harness.feed
        _ = try await harness.assess(RiskHarness.payment("r-1"))
        #expect(await Self.drain(first) == .nothing)
        harness.fakes.script.withLock { $0.feedError = RPCError(.unavailable, "away") }
        _ = try await harness.assess(RiskHarness.payment("r-2"))
        _ = try await harness.assess(RiskHarness.payment("r-3"))
        #expect(await Self.drain(first) == .failed)
        #expect(first.health.failures == 1 && first.health.pending == 2)
        #expect(first.health.problem.contains("away"))
        harness.fakes.script.withLock { $0.feedError = nil }
        let second = try harness.nextFeed()
        #expect(second.health.pending == 2)
        #expect(await Self.drain(second) == .nothing)
        #expect(try Self.told(harness.fakes) == ["r-1", "r-2", "r-3"])
        #expect(try harness.nextFeed().health.pending == 0)
    }

    @Test("of a log that is older than the feed, only what comes from now on is told")
    func olderLog() async throws {
        let harness = try RiskHarness(Self.script())
        _ = try await harness.assess(RiskHarness.payment("r-1"))
        var batch = WriteBatch()
        batch.delete(ExperimentFeed.cursorKey, in: DecisionLog.meta)
        try harness.store.write([batch], sync: true)
        let feed = try harness.nextFeed()
        #expect(feed.health.pending == 0)
        let service = try RiskHarness.service(
            harness.fakes, harness.store, harness.log, harness.clock, nil, feed)
        _ = try await service.assessTransaction(
            RiskHarness.payment("r-2"), context: RiskHarness.context())
        #expect(await Self.drain(feed) == .nothing)
        #expect(try Self.told(harness.fakes) == ["r-2"])
    }

    @Test("a decision that is refused keeps no other from being told")
    func refused() async throws {
        let harness = try RiskHarness(Self.script())
        let feed = harness.feed
        for number in 1...5 {
            _ = try await harness.assess(RiskHarness.payment("r-\(number)"))
        }
        harness.fakes.script.withLock { $0.refusedRequest = "r-4" }
        #expect(await Self.drain(feed) == .nothing)
        #expect(try Self.told(harness.fakes) == ["r-1", "r-2", "r-3", "r-5"])
        #expect(feed.health.told == 4 && feed.health.refused == 1 && feed.health.pending == 0)
        #expect(feed.health.refusal == "record 4: record 1 of the log")
    }

    @Test("a record that cannot be opened is passed over, by numbers and by the log")
    func damaged() async throws {
        let harness = try RiskHarness(Self.script())
        for number in 1...3 {
            _ = try await harness.assess(RiskHarness.payment("r-\(number)"))
        }
        let next = try harness.nextFeed()
        let key = DecisionLog.key(2)
        var record = try #require(try harness.store.get(key, in: DecisionLog.records))
        record[record.count / 2] ^= 1
        var batch = WriteBatch()
        batch.put(key, record, in: DecisionLog.records)
        try harness.store.write([batch], sync: true)
        for feed in [harness.feed, next] {
            #expect(await Self.drain(feed) == .nothing)
            #expect(feed.health.told == 2 && feed.health.refused == 1 && feed.health.pending == 0)
            #expect(feed.health.refusal.hasPrefix("record 2: it cannot be opened: "))
        }
        #expect(try Self.told(harness.fakes) == ["r-1", "r-3", "r-1", "r-3"])
    }

    @Test("a refusal is reported with its reason, and a backlog is told with pauses")
    func reported() async throws {
        let harness = try RiskHarness(Self.script())
        let feed = harness.feed
        for number in 1...3 {
            _ = try await harness.assess(RiskHarness.payment("r-\(number)"))
        }
        harness.fakes.script.withLock { $0.refusedRequest = "r-2" }
        let reports = Mutex<[String]>([])
        let pauses = Mutex<[Duration]>([])
        await feed.run(
            report: { report in reports.withLock { $0.append(report) } },
            sleep: { pause in
                pauses.withLock { $0.append(pause) }
                if pause == ExperimentFeed.pause { throw CancellationError() }
            })
        #expect(reports.withLock { $0 } == ["passed over 1, last record 2: record 1 of the log"])
        #expect(
            pauses.withLock { $0 } == [ExperimentFeed.backlogPause, ExperimentFeed.pause])
    }

    @Test("a cursor that lies beyond a log that lost its end goes back to it")
    func shortened() async throws {
        let harness = try RiskHarness(Self.script())
        _ = try await harness.assess(RiskHarness.payment("r-1"))
        var batch = WriteBatch()
        batch.put(ExperimentFeed.cursorKey, DecisionLog.key(9), in: DecisionLog.meta)
        try harness.store.write([batch], sync: true)
        _ = try harness.nextFeed()
        _ = try await harness.assess(RiskHarness.payment("r-2"))
        #expect(try harness.nextFeed().health.pending == 1)
    }

    @Test("with no room for more numbers the log itself is read, and nothing is missed")
    func overflow() async throws {
        let harness = try RiskHarness(Self.script())
        let feed = harness.feed
        for number in 1...3 {
            _ = try await harness.assess(RiskHarness.payment("r-\(number)"))
        }
        for _ in 0..<ExperimentFeed.maximumNoted { feed.note(3) }
        _ = try await harness.assess(RiskHarness.payment("r-4"))
        #expect(await Self.drain(feed) == .nothing)
        #expect(try Self.told(harness.fakes) == ["r-1", "r-2", "r-3", "r-4"])
    }
}
