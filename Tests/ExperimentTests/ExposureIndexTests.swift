import AssayMessages
import Foundation
import Storage
import Synchronization
import Testing
import Wire

@testable import ModelCore

@Suite struct ExposureIndexTests {
    /// A store in a folder of its own, which can be told to fail.
    private final class Folder: Sendable {
        let path = FileManager.default.temporaryDirectory
            .appending(path: "assay-exposures-\(UUID().uuidString)").path

        func open() throws -> RocksDBStore {
            try RocksDBStore(directory: path, families: ExposureIndex.families)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private func time(_ second: Int64) -> Timestamp {
        Timestamp(seconds: 1_800_000_000 + second) ?? .blank()
    }

    private func assignment(
        _ unit: UInt64, _ arm: String = "control",
        _ reason: AssayModelsV1.AssignmentReason = .assigned, epoch: UInt32 = 1
    ) -> AssayModelsV1.Assignment {
        .init(
            experiment: "e", revision: 1, epoch: epoch, arm: arm, reason: reason, unitHash: unit)
    }

    private func rows(_ index: ExposureIndex, epoch: UInt32 = 1) throws -> [AssayModelsV1.Exposure]
    {
        var rows: [AssayModelsV1.Exposure] = []
        try index.exposures(of: "e", epoch: epoch) { rows.append($0) }
        return rows
    }

    @Test("the first time counts, a second arm makes a crossover, forced units are apart")
    func recording() throws {
        let folder = Folder()
        let store = try folder.open()
        defer { store.close() }
        let index = try ExposureIndex(store: store)
        index.record([assignment(1)], at: time(5), requestID: "a")
        index.record([assignment(1)], at: time(3), requestID: "earlier")
        index.record([assignment(1)], at: time(9), requestID: "later")
        index.record([assignment(2, "treatment")], at: time(1), requestID: "b")
        index.record([assignment(3)], at: time(1), requestID: "c")
        index.record([assignment(3, "treatment", .token)], at: time(2), requestID: "d")
        index.record([assignment(4, "control", .forced)], at: time(1), requestID: "e")
        index.record([assignment(5, "", .holdout)], at: time(1), requestID: "f")
        index.record([assignment(6, "control", .controlled)], at: time(1), requestID: "g")
        index.record([assignment(7, epoch: 2)], at: time(1), requestID: "h")
        let rows = try rows(index)
        #expect(rows.map(\.unitHash) == [1, 2, 3, 4])
        #expect(rows[0].firstAt == time(3) && rows[0].requestID == "earlier")
        #expect(rows[2].crossover && rows[2].arm == "control")
        #expect(rows[3].forced)
        let units = index.units("e", epoch: 1)
        #expect(units.arms == ["control": 1, "treatment": 1])
        #expect(units.crossovers == 1 && units.forced == 1 && units.total == 2)
        #expect(index.units("e", epoch: 2).total == 1)
        #expect(index.units("other", epoch: 1).total == 0)
    }

    @Test("exposures in any order, however often, give the same rows")
    func order() throws {
        var generator = SeededGenerator(seed: 7)
        for round in 0..<50 {
            let all = (0..<6).map { number in
                AssayModelsV1.Exposure(
                    experiment: "e", epoch: 1, unitHash: 1,
                    arm: ["a", "b"][Int.random(in: 0..<2, using: &generator)],
                    firstAt: time(Int64.random(in: 0..<3, using: &generator)),
                    requestID: "r-\(number)", forced: Bool.random(using: &generator),
                    fallback: Bool.random(using: &generator),
                    failed: Bool.random(using: &generator))
            }
            func merged(_ exposures: [AssayModelsV1.Exposure]) -> AssayModelsV1.Exposure {
                exposures.dropFirst().reduce(exposures[0]) { $0.merged(with: $1) }
            }
            let expected = merged(all)
            for _ in 0..<10 {
                let shuffled = (all + all.prefix(3)).shuffled(using: &generator)
                #expect(merged(shuffled) == expected, "round \(round), seed 7")
            }
        }
    }

    @Test("what was written is there after a restart, and counted")
    func restart() throws {
        let folder = Folder()
        let before: [AssayModelsV1.Exposure]
        do {
            let store = try folder.open()
            let index = try ExposureIndex(store: store)
            for unit in 0..<3_000 {
                index.record(
                    [assignment(UInt64(unit), unit % 3 == 0 ? "a" : "b")], at: time(Int64(unit)),
                    requestID: "r-\(unit)")
            }
            before = try rows(index)
            store.close()
        }
        let store = try folder.open()
        defer { store.close() }
        let index = try ExposureIndex(store: store)
        #expect(before.count == 3_000)
        #expect(try rows(index) == before)
        #expect(index.units("e", epoch: 1).arms == ["a": 1_000, "b": 2_000])
    }

    @Test("an index made anew from the same exposures has the same bytes, whatever was lost before")
    func rebuild() async throws {
        let folder = Folder()
        let store = try folder.open()
        defer { store.close() }
        let index = try ExposureIndex(store: store)
        var generator = SeededGenerator(seed: 11)
        var log: [AssayModelsV1.Exposure] = []
        for number in 0..<4_000 {
            let found = assignment(
                UInt64.random(in: 0..<1_500, using: &generator),
                Int.random(in: 0..<50, using: &generator) == 0 ? "b" : "a")
            let at = time(Int64(number / 3))
            log.append(try #require(.init(found, at: at, requestID: "r-\(number)")))
            // A tenth never reached the index.
            if number % 10 != 0 { index.record([found], at: at, requestID: "r-\(number)") }
        }
        index.drain()
        let lossy = try rows(index)

        func rebuilt(_ order: [AssayModelsV1.Exposure]) async throws -> [AssayModelsV1.Exposure] {
            let rebuild = try index.beginRebuild()
            var rest = order[...]
            while !rest.isEmpty {
                try await rebuild.add(Array(rest.prefix(700)))
                rest = rest.dropFirst(700)
            }
            let units = try await rebuild.finish()
            let found = try rows(index)
            #expect(UInt64(found.count) == units)
            return found
        }
        let first = try await rebuilt(log)
        #expect(first != lossy)
        #expect(try await rebuilt(log.shuffled(using: &generator)) == first)
        #expect(first.map { $0.encoded() }.count == Set(log.map(\.unitHash)).count)
        #expect(index.units("e", epoch: 1).total > 0)
    }

    @Test("calls during a rebuild are in the new index too, and an abandoned one leaves the old")
    func concurrentRebuild() async throws {
        let folder = Folder()
        let store = try folder.open()
        defer { store.close() }
        let index = try ExposureIndex(store: store)
        index.record([assignment(1)], at: time(1), requestID: "a")
        let abandoned = try index.beginRebuild()
        #expect(throws: StorageError.self) { try index.beginRebuild() }
        await abandoned.abandon()
        #expect(try rows(index).map(\.unitHash) == [1])

        let rebuild = try index.beginRebuild()
        index.record([assignment(2)], at: time(2), requestID: "b")
        #expect(try rows(index).map(\.unitHash) == [1, 2])
        try await rebuild.add([
            try #require(.init(assignment(3), at: time(3), requestID: "c"))
        ])
        #expect(try await rebuild.finish() == 2)
        #expect(try rows(index).map(\.unitHash) == [2, 3])
        // A unit that was known before the rebuild, but is not in the log, is news again.
        index.record([assignment(4)], at: time(4), requestID: "d")
        #expect(try rows(index).map(\.unitHash) == [2, 3, 4])
    }
}

/// SplitMix64, for tests that name their seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
