import AssayMessages
import FeatureCore
import FeatureEngine
import Foundation
import Storage
import Testing

/// A child process that is killed while it records, and what its parent finds.
///
/// `ASSAY_KILLS=200` kills that often; by default it is a few times.
@Suite(.serialized) struct KillTests {
    static let variable = "ASSAY_FEATURES_KILL_TEST"

    @Test("kill -9 at any moment loses no acknowledged event and counts none twice")
    func kill() async throws {
        let environment = ProcessInfo.processInfo.environment
        let rounds = environment["ASSAY_KILLS"].flatMap(Int.init) ?? 6
        let directory = TestStore.freshDirectory()
        setenv(Self.variable, directory, 1)
        defer {
            try? FileManager.default.removeItem(atPath: directory)
            try? FileManager.default.removeItem(atPath: "\(directory).acknowledged")
        }
        var acknowledged: Set<String> = []
        var recovered = 0
        for round in 0..<rounds {
            setenv("\(Self.variable)_ROUND", "\(round)", 1)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                try await KillTests.recordUntilKilled()
            }
            let file = "\(directory).acknowledged"
            let lines = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            try? FileManager.default.removeItem(atPath: file)
            let new = lines.split(separator: "\n").map(String.init)
            acknowledged.formUnion(new)
            let store = try await TestStore(directory: directory)
            recovered += store.features.statistics.recovered.load(ordering: .relaxed)
            let isLast = round == rounds - 1
            for id in isLast ? Array(acknowledged) : new {
                let again = try await store.score(KillTests.event(id))
                #expect(again.receipt.outcome == .duplicate, "round \(round), event \(id)")
            }
            try await expectCleanReplay(store, "round \(round)", compare: isLast || round % 20 == 0)
            store.crash()
        }
        #expect(acknowledged.count > 10 * rounds)
        print("\(rounds) kills, \(acknowledged.count) events acknowledged, \(recovered) re-applied")
    }

    /// Every id is in the log once, and every state equals that of a store which sees the log anew.
    private func expectCleanReplay(
        _ store: TestStore, _ comment: Comment, compare: Bool
    ) async throws {
        let log = try store.storage.rows("log", limit: .max)
        #expect(try store.recordedIDs().count == log.count, comment)
        let read = try await store.score(Payment.event("probe"), dryRun: true)
        #expect(read.vectors.first?.value("acct_txn_cnt_24h") == Double(log.count), comment)
        guard compare else { return }
        let directory = TestStore.freshDirectory()
        let storage = try RocksDBStore(
            directory: directory, families: EmbeddedFeatureStore.families)
        var batch = WriteBatch()
        for row in log { batch.put(row.key, row.value, in: "log") }
        for row in try store.storage.rows("subject", limit: .max) {
            batch.put(row.key, row.value, in: "subject")
        }
        try storage.write(batch, sync: false)
        storage.close()
        let replayed = try await TestStore(directory: directory)
        defer { replayed.remove() }
        try await store.features.flush()
        let expected = try replayed.storage.rows("state", limit: .max)
        let actual = try store.storage.rows("state", limit: .max)
        #expect(actual.map(\.key) == expected.map(\.key), comment)
        #expect(actual.map(\.value) == expected.map(\.value), comment)
    }

    static func event(_ id: String) -> AssayFeaturesV1.Event {
        Payment.event(id, cents: 1, card: "card of \(id.stableNumber % 40)", offset: -1)
    }

    /// Runs in the child: writers record events and note each acknowledged id, until a thread that
    /// knows nothing of them ends the process.
    static func recordUntilKilled() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let directory = environment[variable],
            let round = environment["\(variable)_ROUND"].flatMap(UInt64.init)
        else { return }
        var random = SeededGenerator(seed: round)
        var configuration = FeatureStoreConfiguration()
        configuration.durability = round % 2 == 0 ? .synced : .written
        configuration.strictStates = round % 5 == 4
        // Now and then while it opens and applies the tail of the log.
        let whileOpening = round % 7 == 3
        let microseconds = UInt32.random(in: 1...(whileOpening ? 20_000 : 150_000), using: &random)
        if whileOpening { killSoon(microseconds) }
        let store = try await TestStore(directory: directory, configuration: configuration)
        let file = open("\(directory).acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        if !whileOpening { killSoon(microseconds) }
        await withTaskGroup(of: Void.self) { tasks in
            for writer in 0..<4 {
                tasks.addTask {
                    for index in 0... {
                        let id = "\(round)-\(writer)-\(index)"
                        guard (try? await store.score(event(id))) != nil else { return }
                        let line = Array("\(id)\n".utf8)
                        _ = write(file, line, line.count)
                        if index % 20 == 7 { try? await store.features.flush() }
                    }
                }
            }
        }
    }

    /// Ends this process from a thread of its own.
    private static func killSoon(_ microseconds: UInt32) {
        let thread = Thread {
            usleep(microseconds)
            raise(SIGKILL)
        }
        thread.start()
    }
}

extension String {
    /// The same number for the same text, in every process.
    fileprivate var stableNumber: Int { utf8.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xFFFF } }
}
