import AssayMessages
import RPC
import Synchronization
import Testing

@testable import ModelCore

@Suite("Watching the registry")
struct WatchTests {
    /// Collects what a watch gives, and lets a test wait for it.
    private final class Collector: Sendable {
        private let events = Mutex<[AssayModelsV1.Event]>([])

        func take(_ event: AssayModelsV1.Event) { events.withLock { $0.append(event) } }

        func sequences(atLeast count: Int) async throws -> [UInt64] {
            for _ in 0..<400 {
                let found = events.withLock { $0.map(\.sequence) }
                if found.count >= count { return found }
                try await Task.sleep(for: .milliseconds(25))
            }
            return events.withLock { $0.map(\.sequence) }
        }
    }

    @Test("events come as they happen, from where the caller was, and the end is clean")
    func resume() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        for id in 1...3 {
            _ = try await registry.register(
                try Example.credit.registration(model: "m", id: "r-\(id)"))
        }
        let (all, one) = (Collector(), Collector())
        let watches = [
            Task { try await registry.watch(.init()) { all.take($0) } },
            Task {
                try await registry.watch(.init(positions: [.init(model: "m", after: 1)])) {
                    one.take($0)
                }
            },
        ]
        #expect(try await one.sequences(atLeast: 2) == [2, 3])
        for _ in 0..<400 where registry.watchers.inside < 2 {
            try await Task.sleep(for: .milliseconds(25))
        }
        _ = try await registry.register(try Example.payments.registration(model: "n", id: "r-1"))
        _ = try await registry.setAlias(.move("m", to: 1))
        #expect(try await one.sequences(atLeast: 3) == [2, 3, 4])
        #expect(Set(try await all.sequences(atLeast: 2)) == [1, 4])
        registry.endWatches()
        for watch in watches { try await watch.value }
    }

    @Test("a watch of a model that is not there is refused; a cancelled one ends")
    func refused() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        let unknown = await refusal {
            try await registry.watch(.init(positions: [.init(model: "m")])) { _ in }
        }
        #expect(unknown.code == .notFound)
        let watch = Task { try await registry.watch(.init()) { _ in } }
        watch.cancel()
        try await watch.value
    }
}
