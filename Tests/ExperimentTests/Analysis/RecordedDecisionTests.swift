import AssayMessages
import Dispatch
import RPC
import Statistics
import Storage
import Synchronization
import Testing
import Wire

@testable import ModelCore

extension AnalysisKit {
    /// A decision about a customer, in the arm that the draw says.
    func decision(_ number: Int) -> AssayRiskV1.DecisionRecord {
        let hash = Bucketing.hash(
            purpose: .arm, seed: "card-challenger:1", kind: "customer", unit: "c-\(number)")
        var record = AssayRiskV1.DecisionRecord.blank()
        record.decisionID = UniqueID(high: 7, low: UInt64(number))
        record.requestID = "r-\(number)"
        record.decidedAt = Timestamp(milliseconds: Self.start + Int64(number))
        record.facts = .init(
            known: .init(
                integerKeys: [NameKey.of("tx.amount")], integers: [Int64(100 + number)],
                textKeys: [NameKey.of("tx.country")], texts: ["DE"]))
        record.outcome.status = number % 7 == 0 ? .declined : .approved
        record.outcome.score = 42
        let arm = Bucketing.bucket(hash) < 500_000 ? "control" : "challenger"
        record.model = .init(
            name: "fraud", version: 1,
            assignments: [
                .init(
                    experiment: "card-challenger", revision: 1, epoch: 1, arm: arm,
                    reason: "assigned", unitHash: hash),
                .init(experiment: "other", epoch: 1, reason: "not_allocated"),
            ])
        return record
    }
}

@Suite("Decisions that are recorded")
struct RecordedDecisionTests {
    @Test(
        "what is recorded is durable, also where no metric reads decisions, and when it is told again"
    )
    func durable() async throws {
        var specification = AssayModelsV1.ExperimentSpecification.shipped()
        specification.metrics.removeAll { !$0.event.hasPrefix("outcome.") }
        let kit = try AnalysisKit(specification)
        defer { kit.close() }
        let store = SyncWatchingStore(kit.store)
        let time = kit.time
        let outcomes = try OutcomeLog(store: store, now: { time.now })
        let index = try ExposureIndex(store: store)
        let analyst = ExperimentAnalyst(
            control: kit.control, exposures: index, outcomes: outcomes, counts: kit.counter,
            now: { time.now })
        let records = (0..<3).map(kit.decision)
        for _ in 1...2 {
            try await index.write(records.flatMap(SealedExposures.exposures))
            #expect(try await analyst.record(records) == 0)
            #expect(store.isDurable)
            store.forget()
        }
    }

    @Test("decisions do not wait for analyses, and are taken while all of their places are")
    func besideAnalyses() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        let gate = DispatchSemaphore(value: 0)
        let started = AsyncStream.makeStream(of: Void.self)
        let places = 8
        let analyses = (0..<places).map { _ in
            Task {
                try await kit.analyst.onQueue {
                    started.continuation.yield()
                    gate.wait()
                }
            }
        }
        for await _ in started.stream { break }
        #expect(try await kit.analyst.record([kit.decision(1)]) == 1)
        for _ in 0..<places { gate.signal() }
        for analysis in analyses { try await analysis.value }
    }

    @Test("a decision ahead of the clock is refused until the clock has come so far")
    func ahead() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        var record = kit.decision(1)
        record.decidedAt = Timestamp(milliseconds: kit.now + 301_000)
        let early = record
        let error = await refusal { try await kit.analyst.record([kit.decision(2), early]) }
        #expect(error.code == .failedPrecondition && error.reason == "clock_ahead")
        #expect(error.message.contains("\(record.decisionID)"))
        kit.time.advance(by: 1_000)
        #expect(try await kit.analyst.record([kit.decision(2), early]) == 2)
    }
}

/// Says whether the last write reached the disk, and with it all before.
private final class SyncWatchingStore: KeyValueStore {
    private let store: any KeyValueStore
    private let wasSynced = Mutex(false)

    init(_ store: any KeyValueStore) { self.store = store }

    var isDurable: Bool { wasSynced.withLock { $0 } }

    func forget() { wasSynced.withLock { $0 = false } }

    func get(_ key: [UInt8], in family: Family) throws(StorageError) -> [UInt8]? {
        try store.get(key, in: family)
    }

    func write(_ batches: [WriteBatch], sync: Bool) throws(StorageError) {
        try store.write(batches, sync: sync)
        wasSynced.withLock { $0 = sync }
    }

    func scan(
        _ family: Family, _ range: KeyRange, reversed: Bool,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        try store.scan(family, range, reversed: reversed, body)
    }

    func close() {}
}
