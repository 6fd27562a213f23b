import Foundation
import Synchronization

/// A thread that wants to run every quarter of a millisecond, and notices how long it may not: what the
/// machine takes away from a test, and no program is to blame for. It ends with this object.
final class PauseWitness: Sendable {
    private let longest = Atomic<Int64>(0)
    private static let step: Int64 = 250_000

    init() {
        Thread.detachNewThread { [weak self] in
            var last = Replica.now
            while let self {
                var pause = timespec(tv_sec: 0, tv_nsec: Int(Self.step))
                nanosleep(&pause, nil)
                let now = Replica.now
                let late = now - last - Self.step
                last = now
                if late > self.longest.load(ordering: .relaxed) {
                    self.longest.store(late, ordering: .relaxed)
                }
            }
        }
    }

    /// The longest pause so far, and forgets it.
    func take() -> Int64 { longest.exchange(0, ordering: .relaxed) }
}
