internal import Synchronization

/// Runs changes one after the other, in the order they came. A change that has begun is carried out
/// even if its caller no longer waits.
final class ChangeLane: Sendable {
    private let last = Mutex<Task<Void, Never>?>(nil)

    func run<Answer: Sendable>(
        _ body: @escaping @Sendable () async throws -> Answer
    ) async throws -> Answer {
        let task = last.withLock { last in
            let before = last
            let task = Task {
                await before?.value
                return try await body()
            }
            last = Task { _ = await task.result }
            return task
        }
        return try await task.value
    }
}
