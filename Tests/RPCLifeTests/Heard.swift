import Synchronization

/// Keeps what an observer was told.
final class Heard: Sendable {
    private let values = Mutex<[Bool]>([])

    var all: [Bool] { values.withLock(\.self) }

    @Sendable func note(_ value: Bool) { values.withLock { $0.append(value) } }
}
