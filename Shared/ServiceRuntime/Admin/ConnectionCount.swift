internal import NIOCore
internal import Synchronization

/// How many connections are open, and how many may be.
final class ConnectionCount: Sendable {
    private let maximum: Int
    private let open = Atomic<Int>(0)

    init(maximum: Int) {
        self.maximum = maximum
    }

    /// Counts the channel until it closes; closes it at once and returns false if there are too many.
    func open(_ channel: any Channel) -> Bool {
        let (_, count) = open.wrappingAdd(1, ordering: .relaxed)
        channel.closeFuture.whenComplete { _ in
            self.open.wrappingSubtract(1, ordering: .relaxed)
        }
        guard count <= maximum else {
            channel.close(promise: nil)
            return false
        }
        return true
    }
}
