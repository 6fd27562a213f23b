import AssayMessages
import FeatureCore
import FeatureEngine
import Foundation
import Testing

/// A child process that is killed while it records, and what its parent finds.
@Suite(.serialized) struct KillTests {
    static let variable = "ASSAY_FEATURES_KILL_TEST"

    @Test("kill -9 at any moment loses no acknowledged event and counts none twice")
    func kill() async throws {
        let directory = TestStore.freshDirectory()
        setenv(Self.variable, directory, 1)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var acknowledged: Set<String> = []
        for round in 0..<5 {
            setenv("\(Self.variable)_ROUND", "\(round)", 1)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                try await KillTests.recordUntilKilled()
            }
            let lines = try String(contentsOfFile: "\(directory).acknowledged", encoding: .utf8)
            acknowledged.formUnion(lines.split(separator: "\n").map(String.init))
            let store = try await TestStore(directory: directory)
            for id in acknowledged {
                let again = try await store.score(KillTests.event(id))
                #expect(again.receipt.outcome == .duplicate)
            }
            let recorded = try await store.score(Payment.event("probe \(round)"), dryRun: true)
            let counted = recorded.vectors.first?.value("acct_txn_cnt_24h") ?? 0
            #expect(counted >= Double(acknowledged.count))
            #expect(counted == Double(try store.recordedIDs().count))
            store.crash()
        }
        #expect(acknowledged.count > 50)
        try? FileManager.default.removeItem(atPath: "\(directory).acknowledged")
    }

    static func event(_ id: String) -> AssayFeaturesV1.Event {
        Payment.event(id, cents: 1, card: "card of \(id)")
    }

    /// Runs in the child: writers record events and note each acknowledged id, until one of them
    /// ends the process.
    static func recordUntilKilled() async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let directory = environment[variable],
            let round = environment["\(variable)_ROUND"].flatMap(UInt64.init)
        else { return }
        let store = try await TestStore(directory: directory)
        let file = open("\(directory).acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var random = SeededGenerator(seed: round)
        let last = Int.random(in: 40..<160, using: &random)
        await withTaskGroup(of: Void.self) { tasks in
            for writer in 0..<4 {
                tasks.addTask {
                    for index in 0... {
                        let id = "\(round)-\(writer)-\(index)"
                        guard (try? await store.score(event(id))) != nil else { return }
                        let line = Array("\(id)\n".utf8)
                        _ = write(file, line, line.count)
                        if index % 20 == 7 { try? await store.features.flush() }
                        if writer == 0, index == last { raise(SIGKILL) }
                    }
                }
            }
        }
    }
}
