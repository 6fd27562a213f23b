import AssayMessages
import Foundation
import Storage
import Testing
import Wire

@testable import FeatureCore

@Suite struct StatisticsStoreTests {
    private let vector = StatisticsStore.Vector(name: "v@1", features: ["a", "b"])

    private func withStore(_ body: (RocksDBStore) throws -> Void) throws {
        let directory = TestStore.freshDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let store = try RocksDBStore(directory: directory, families: [StatisticsStore.family])
        defer { store.close() }
        try body(store)
    }

    private func counted(
        _ values: [Double], hour: Int64, tenant: String = "bank"
    ) -> [StatisticsRecorder.Key: VectorStatistics] {
        var statistics = VectorStatistics(features: 2)
        for value in values {
            statistics.add([value, -value], [0, 0x48], isCategory: [true, false])
        }
        return [StatisticsRecorder.Key(tenant: tenant, vector: "v@1", hour: hour): statistics]
    }

    @Test("rows of processes and hours add up, and others are left out")
    func sums() throws {
        try withStore { store in
            let first = StatisticsStore(store: store, run: 1)
            let second = StatisticsStore(store: store, run: 2)
            try first.add(counted([1, 2], hour: 10), vectors: [vector])
            try first.add(counted([3], hour: 10), vectors: [vector])
            try second.add(counted([4], hour: 10), vectors: [vector])
            try second.add(counted([5, 0], hour: 11), vectors: [vector])
            try second.add(counted([6], hour: 12), vectors: [vector])
            try second.add(counted([7], hour: 10, tenant: "other"), vectors: [vector])
            let (sum, hours) = try first.sum(tenant: "bank", vector: vector, hours: 10..<12)
            #expect(hours == 2)
            #expect(sum.vectors == 6)
            #expect(sum.features[0].numbers == 6)
            #expect(sum.features[0].maximum == 5)
            #expect(sum.features[0].categories == [1, 1, 1, 1, 1, 1])
            #expect(sum.features[0].zeros == 1)
            #expect(sum.features[1].minimum == -5)
            #expect(sum.features[1].stale == 6)
            #expect(sum.features[1].incomplete == 6)
            #expect(try first.sum(tenant: "bank", vector: vector, hours: 13..<20).hours == 0)
        }
    }

    @Test("a sketch is the same after it was stored")
    func roundTrip() {
        var random = SeededGenerator(seed: 3)
        var sketch = FeatureSketch()
        for _ in 0..<2_000 {
            let value = Double(bitPattern: random.next())
            sketch.add(value, status: UInt8(random.next() & 0x7F), isCategory: true)
        }
        #expect(FeatureSketch(sketch.message(named: "x")) == sketch)
        let empty = FeatureSketch()
        #expect(FeatureSketch(empty.message(named: "x")) == empty)
    }

    @Test("rows are deleted after 400 days")
    func expiry() throws {
        try withStore { store in
            let statistics = StatisticsStore(store: store, run: 1)
            try statistics.add(counted([1], hour: 10), vectors: [vector])
            try statistics.add(counted([2], hour: 11), vectors: [vector])
            try StatisticsStore(store: store, run: 2).add(
                counted([2], hour: 10), vectors: [vector])
            try statistics.removeExpired(now: 11 + StatisticsStore.keptHours)
            let (sum, _) = try statistics.sum(tenant: "bank", vector: vector, hours: 0..<100)
            #expect(sum.vectors == 1)
            #expect(try store.rows("stats", limit: 10).count == 1)
            try statistics.removeExpired(now: 12 + StatisticsStore.keptHours)
            #expect(try store.rows("stats", limit: 10).isEmpty)
        }
    }

    @Test("the newest row of a type is that of the greatest time")
    func freshness() {
        let table = FreshnessTable(types: 2)
        #expect(table.newest(type: 0) == nil)
        table.saw(type: 0, time: 5, received: 9)
        table.saw(type: 0, time: 3, received: 10)
        table.saw(type: 7, time: 3, received: 10)
        #expect(table.newest(type: 0) == FreshnessTable.Newest(time: 5, received: 10))
        #expect(table.newest(type: 1) == nil)
    }
}
