import AssayMessages
import FeatureEngine
import Storage
import Synchronization
import Testing
import Wire

@testable import FeatureCore

/// Acceptance test 21: the auditor finds nothing under load, and every flipped bit.
@Suite struct SkewAuditorTests {
    /// Findings, as they are reported.
    private final class Report: Sendable {
        private let findings = Mutex<[SkewFinding]>([])

        var all: [SkewFinding] { findings.withLock { $0 } }

        func add(_ finding: SkewFinding) { findings.withLock { $0.append(finding) } }
    }

    /// An auditor that never waits.
    private static func auditor(_ store: TestStore, _ report: Report) -> SkewAuditor {
        let pacer = ProcessorPacer(
            share: 0.05, processorTime: { .zero },
            sleep: { _ in
                try Task.checkCancellation()
                await Task.yield()
            })
        return SkewAuditor(store.features, pacer: pacer, report: report.add)
    }

    private static func auditAll(_ store: TestStore, _ report: Report) async throws {
        var auditor = auditor(store, report)
        for slice in 0..<EntitySample.slices { try await auditor.audit(EntitySample(slice)) }
    }

    private static func pay(
        _ numbers: Range<Int>, _ store: TestStore, cards: Int = 7
    ) async throws {
        for number in numbers {
            _ = try await store.score(
                Payment.event(
                    "e\(number)", cents: Int64(100 + number), card: "c\(number % cards)",
                    customer: "p\(number % 5)", account: "a\(number % 11)",
                    terminal: "t\(number % 3)", offset: -Double(number * 37 % 5_000)))
        }
    }

    @Test("nothing differs while events come, whatever is stored, in memory or on its way")
    func load() async throws {
        let store = try await TestStore()
        defer { store.remove() }
        let report = Report()
        try await Self.pay(0..<100, store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<2 {
                group.addTask {
                    for part in 0..<10 {
                        let first = 1_000 + writer * 1_000 + part * 20
                        try await Self.pay(first..<first + 20, store)
                        try await store.features.flush()
                    }
                }
            }
            group.addTask {
                for _ in 0..<3 { try await Self.auditAll(store, report) }
            }
            try await group.waitForAll()
        }
        try await Self.auditAll(store, report)
        #expect(report.all.isEmpty)
        // 26 entities, each at least once.
        #expect(store.features.skew.checks(.blob) >= 26)
        #expect(store.features.skew.checks(.state) >= 26)
        #expect(store.features.skew.checks(.vector) >= 26)
        #expect(SkewFinding.What.allCases.allSatisfy { store.features.skew.mismatches($0) == 0 })
        #expect(SkewSkip.allCases.allSatisfy { store.features.skew.skips($0) == 0 })
    }

    @Test("one flipped bit of a stored state is found, once", arguments: [20, 60, 90])
    func storedBit(_ position: Int) async throws {
        let store = try await TestStore()
        defer { store.remove() }
        try await Self.pay(0..<40, store)
        try await store.features.flush()
        let row = try #require(try store.rows(.state).first { $0.value.count > 100 })
        var blob = row.value
        blob[position] ^= 1
        var batch = WriteBatch()
        batch.put(row.key, blob, in: .state)
        try store.storage.write(batch, sync: false)
        let report = Report()
        var auditor = Self.auditor(store, report)
        for _ in 0..<2 {
            for slice in 0..<EntitySample.slices { try await auditor.audit(EntitySample(slice)) }
        }
        #expect(report.all.map(\.what) == [.blob])
        #expect(store.features.skew.mismatches(.blob) == 1)
        let entry = try #require(
            try AuditLog(store: store.storage).entries(tenant: "bank", limit: 10).first)
        #expect(entry.action == "skew" && entry.object.hasPrefix("blob "))
    }

    @Test("a stored state that is whole, but not what the log gives, is found")
    func storedState() async throws {
        let store = try await TestStore()
        defer { store.remove() }
        try await Self.pay(0..<40, store)
        try await store.features.flush()
        // The state of one card under the key of another of its type.
        let rows = try store.rows(.state).filter {
            String(decoding: $0.key, as: UTF8.self).contains("card")
        }
        var batch = WriteBatch()
        batch.put(rows[0].key, rows[1].value, in: .state)
        try store.storage.write(batch, sync: false)
        let report = Report()
        try await Self.auditAll(store, report)
        #expect(report.all.map(\.what) == [.blob])
    }

    @Test("a state in memory that counted an event twice is found")
    func memory() async throws {
        let store = try await TestStore()
        defer { store.remove() }
        try await Self.pay(0..<40, store)
        try await store.features.flush()
        let event = try #require(try store.features.log.row(40))
        let resolved = try #require(store.features.pipeline.resolved(event))
        let entity = resolved.entities(store.features.definitions, tenant: "bank")[0]
        let cache = store.features.cache
        cache.holding([entity.key]) {
            _ = cache.stripes[cache.stripe(of: entity.key)].find(entity.key)?.state.apply(
                resolved.engineEvent, touches: entity.touches, sequence: 40, delivery: .first)
        }
        let report = Report()
        try await Self.auditAll(store, report)
        #expect(report.all.map(\.what) == [.state])
        #expect(report.all.first?.sequence == 40)
    }

    @Test("one flipped bit of a logged digest is found")
    func digest() async throws {
        let store = try await TestStore()
        defer { store.remove() }
        try await Self.pay(0..<40, store)
        try await store.features.flush()
        try store.changeRow(38) { $0.vectors[0].digest[7] ^= 0x10 }
        let report = Report()
        try await Self.auditAll(store, report)
        // Found with each of the four entities of the event.
        #expect(report.all.map(\.what) == [.vector, .vector, .vector, .vector])
        #expect(Set(report.all.map(\.sequence)) == [38])
        #expect(report.all.first?.subject == "payment_fraud@1")
    }

    @Test("what an erasure took away is skipped, and is no mismatch")
    func erased() async throws {
        let store = try await TestStore()
        defer { store.remove() }
        try await Self.pay(0..<40, store)
        _ = try await store.service.eraseSubject(
            AssayFeaturesV1.EraseSubjectRequest(
                requestID: "r", entity: "customer", key: ["p1"], reason: "asked for"),
            context: store.context())
        let report = Report()
        try await Self.auditAll(store, report)
        #expect(report.all.isEmpty)
        #expect(store.features.skew.skips(.erased) > 0)
    }

    @Test("every entity is in one slice, and a slice holds about a thousandth")
    func slices() {
        let key = TenantKeys.withoutSecret.key(of: "bank")
        var counts = [Int](repeating: 0, count: Int(EntitySample.slices))
        for number in 0..<20_000 {
            let pid = key.pid(entity: "card", key: "\(number)")
            let own = (0..<EntitySample.slices).filter { EntitySample($0).contains(pid) }
            #expect(own.count == 1)
            counts[Int(own[0])] += 1
        }
        #expect((counts.min() ?? 0) > 2 && (counts.max() ?? 0) < 50)
        #expect(EntitySample(0).contains(StateKey(high: 0, low: 0)))
        #expect(EntitySample(999).contains(StateKey(high: .max, low: .max)))
    }

    @Test("work takes a twentieth of the time, rests included")
    func pace() async throws {
        let used = Mutex(Duration.zero)
        let slept = Mutex(Duration.zero)
        var pacer = ProcessorPacer(
            share: 0.05, load: ProcessLoad(cores: 1, processorTime: { .zero }, now: { .zero }),
            processorTime: { used.withLock { $0 } },
            sleep: { time in slept.withLock { $0 += time } })
        for microseconds in [300, 900, 5_000, 1, 1_000, 700] {
            used.withLock { $0 += .microseconds(microseconds) }
            try await pacer.pay()
        }
        // 0.3 and 0.9 together, 5, then 1.001; 0.7 is less than a sleep is worth.
        let paid: Duration = .microseconds(1_200 + 5_000 + 1_001)
        let resting = slept.withLock { $0 }
        #expect(resting == paid * 19)
        #expect(pacer.used == paid)
        try await pacer.rest(atLeast: .seconds(1))
        let rested = slept.withLock { $0 }
        let least: Duration = .seconds(1)
        #expect(rested == resting + least)
    }

    @Test("the busier the process, the less is audited; a hundredth of a core stays")
    func giveWay() async throws {
        let used = Mutex(Duration.zero)
        let now = Mutex(Duration.zero)
        let audited = Mutex(Duration.zero)
        let slept = Mutex(Duration.zero)
        var pacer = ProcessorPacer(
            share: 0.05,
            load: ProcessLoad(
                cores: 2, processorTime: { used.withLock { $0 } }, now: { now.withLock { $0 } }),
            processorTime: { audited.withLock { $0 } },
            sleep: { time in slept.withLock { $0 = time } })
        for (busy, factor) in [(0.0, 19.0), (1.0, 39.0), (2.0, 99.0), (1.8, 99.0), (0.0, 19.0)] {
            now.withLock { $0 += .seconds(1) }
            used.withLock { $0 += .seconds(busy) }
            audited.withLock { $0 += .milliseconds(2) }
            try await pacer.pay()
            let rest = slept.withLock { $0 } / .milliseconds(2)
            #expect(abs(rest - factor) < 1e-6, "\(busy) of 2 cores")
        }
    }
}
