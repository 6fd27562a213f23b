import AssayMessages
import RPC
import Testing
import Wire

@testable import FeatureCore

/// Acceptance test 25, as a product: a pinned baseline, planted shifts, samples without any.
@Suite struct DriftServiceTests {
    private static let vector = TrainingSetTests.vector
    private static let hour: Double = 3_600

    private static func withStore(_ body: (TestStore) async throws -> Void) async throws {
        let store = try await TestStore(definitions: TrainingSetTests.definitions())
        defer { store.remove() }
        try await body(store)
    }

    /// As if so many vectors had been served in an hour.
    static func serve(
        _ count: Int, _ store: TestStore, at offset: Double, seed: UInt64, shift: Double = 1,
        nulls: Int = 0, stale: Bool = false, vector: String = "risk@1", features: Int = 7
    ) {
        var random = SeededGenerator(seed: seed)
        let now = Payment.time(offset).millisecondsSinceEpoch
        for number in 0..<count {
            var values = (0..<features).map { _ in Double.random(in: 1...1_000, using: &random) }
            var status = [UInt8](repeating: stale ? 0x08 : 0, count: features)
            values[1] *= shift
            if number % 100 < nulls {
                values[2] = .nan
                status[2] = 2
            }
            store.features.pipeline.quality.recorder.record(
                tenant: "bank", vector: vector, values: values, status: status,
                isCategory: [Bool](repeating: false, count: features), now: now)
        }
    }

    private static func pin(
        _ store: TestStore, _ source: AssayFeaturesV1.BaselineSource
    ) async throws -> AssayFeaturesV1.Baseline {
        try await store.service.pinBaseline(
            AssayFeaturesV1.PinBaselineRequest(
                vector: vector, source: source, reason: "after the release"),
            context: store.context()
        ).baseline
    }

    private static let dayBefore = AssayFeaturesV1.BaselineSource.period(
        AssayFeaturesV1.BaselinePeriod(
            from: Payment.time(-50 * hour), until: Payment.time(-26 * hour)))

    private static func stats(
        _ store: TestStore, token: [UInt8] = []
    ) async throws -> AssayFeaturesV1.StatsResponse {
        try await store.service.stats(
            AssayFeaturesV1.StatsRequest(
                vector: vector, from: Payment.time(-24 * hour), to: Payment.time(hour),
                pageToken: token), context: store.context())
    }

    @Test("a planted shift, missing and stale values raise alerts against the pinned baseline")
    func planted() async throws {
        try await Self.withStore { store in
            Self.serve(20_000, store, at: -30 * Self.hour, seed: 1)
            let baseline = try await Self.pin(store, Self.dayBefore)
            #expect(baseline.vectors == 20_000 && baseline.reason == "after the release")
            Self.serve(5_000, store, at: -2 * Self.hour, seed: 2, shift: 3, nulls: 3)
            let report = try store.features.computeDrift()
            #expect(report.entries.count == 1)
            let found = report.entries[0].alerts.map { "\($0.feature) \($0.alert)" }
            #expect(found == ["card_cnt_1h distribution", "card_cnt_24h nulls"])
            #expect(report.entries[0].greatestStability > 0.2)
            #expect(store.features.drift.entries.count == 1)
            // The same in Stats, which needs no span to compare with.
            let stats = try await Self.stats(store)
            #expect(stats.baseline?.vectors == 20_000)
            #expect(stats.drift[1].alerts == ["distribution"])
            #expect(stats.drift[2].alerts == ["nulls"])
            Self.serve(3_000, store, at: -3 * Self.hour, seed: 3, stale: true)
            let stale = try store.features.computeDrift().entries[0].alerts
            #expect(stale.filter { $0.alert == "stale" }.count == 7)
        }
    }

    @Test("samples without a shift raise none, and few values are insufficient", arguments: 0..<20)
    func none(_ seed: UInt64) async throws {
        try await Self.withStore { store in
            Self.serve(2_000, store, at: -30 * Self.hour, seed: seed)
            _ = try await Self.pin(store, Self.dayBefore)
            Self.serve(999, store, at: -2 * Self.hour, seed: seed + 100)
            let few = try store.features.computeDrift().entries[0]
            #expect(few.insufficient == 7 && few.alerts.isEmpty)
            Self.serve(1_001, store, at: -3 * Self.hour, seed: seed + 200)
            let entry = try store.features.computeDrift().entries[0]
            #expect(entry.insufficient == 0 && entry.alerts.isEmpty, "seed \(seed)")
        }
    }

    @Test("a baseline is pinned from a training set, and stays after a restart")
    func trainingSet() async throws {
        let directory = TestStore.freshDirectory()
        let first = try await TestStore(
            directory: directory, definitions: TrainingSetTests.definitions())
        var random = SeededGenerator(seed: 4)
        for number in 0..<1_050 {
            let event = TrainingSetTests.payment(
                number, at: Double(number - 1_051) * 60, random: &random)
            _ = try await first.score(event, vectors: [Self.vector])
        }
        let plan = TrainingSetTests.plan { _ in }
        let baseline = try await Self.pin(first, .trainingSet(plan))
        #expect(baseline.vectors == 1_050)
        try await first.features.close()
        let second = try await TestStore(
            directory: directory, definitions: TrainingSetTests.definitions())
        defer { second.remove() }
        let entry = try #require(try second.features.computeDrift().entries.first)
        // Served in the last day were the same.
        #expect(entry.alerts.isEmpty && entry.vector == "risk@1" && entry.tenant == "bank")
        let stats = try await Self.stats(second)
        #expect(stats.baseline?.source.hasPrefix("the training set") == true)
        #expect(stats.drift.allSatisfy { !$0.insufficient || $0.feature == "amount" })
    }

    @Test("a baseline that nobody waits for any more is not made")
    func abandoned() async throws {
        let store = try await TestStore(definitions: TrainingSetTests.definitions())
        defer { store.remove() }
        var random = SeededGenerator(seed: 4)
        for number in 0..<1_000 {
            let event = TrainingSetTests.payment(
                number, at: Double(number - 1_051) * 60, random: &random)
            _ = try await store.score(event, vectors: [Self.vector])
        }
        let plan = TrainingSetTests.plan { _ in }
        let gate = Gate()
        let task = Task {
            await gate.wait()
            return try await Self.pin(store, .trainingSet(plan))
        }
        task.cancel()
        gate.open()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await Self.stats(store).baseline == nil)
    }

    @Test("a snapshot of which nothing came for longer than its values may be old is told")
    func freshness() async throws {
        let store = try await TestStore(definitions: NetworkJobTests.definitions())
        defer { store.remove() }
        _ = try await store.service.putSnapshot(
            AssayFeaturesV1.PutSnapshotRequest(
                snapshotID: "s", snapshot: "party_network", time: TestStore.now,
                rows: [AssayFeaturesV1.SnapshotRow(key: ["a"], fields: ["size": .integer(3)])]),
            context: store.context())
        func stale() async throws -> [Bool] {
            try await store.service.stats(
                AssayFeaturesV1.StatsRequest(
                    vector: NetworkJobTests.vector, from: Payment.time(-3_600),
                    to: Payment.time(3_600)), context: store.context()
            ).freshness.map(\.isStale)
        }
        let week: Double = 7 * 86_400
        store.clock.set(week)
        let fresh = try store.features.computeDrift()
        #expect(fresh.stale.isEmpty)
        #expect(try await stale() == [false])
        store.clock.set(week + 60)
        let old = try store.features.computeDrift()
        #expect(
            old.stale == [
                DriftReport.Stale(name: "party_network", age: 604_860, bound: 604_800)
            ])
        #expect(try await stale() == [true])
    }

    @Test("too few vectors are no baseline, nor is a training set of another vector")
    func refused() async throws {
        try await Self.withStore { store in
            Self.serve(999, store, at: -30 * Self.hour, seed: 1)
            let few = await #expect(throws: RPCError.self) {
                _ = try await Self.pin(store, Self.dayBefore)
            }
            #expect(few?.code == .failedPrecondition && few?.message.contains("999") == true)
            var plan = TrainingSetTests.plan { _ in }
            plan.vector.name = "other"
            let other = await #expect(throws: RPCError.self) {
                _ = try await Self.pin(store, .trainingSet(plan))
            }
            #expect(other?.violations.map(\.field) == ["/source/training_set/vector"])
            let report = try store.features.computeDrift()
            #expect(report.entries.isEmpty)
        }
    }
}
