package import Dispatch
internal import Glibc
package import NIOCore

/// An event loop whose time is simulated: what is due next runs next, at once, on the one thread that
/// calls `step`. The same calls give the same order again.
///
/// Sendable: everything is touched on the thread that made it, which `inEventLoop` is about.
package final class SimulatedLoop: EventLoop, @unchecked Sendable {
    private final class Entry {
        let at: UInt64
        let order: UInt64
        /// Nil once it was cancelled.
        var body: (@Sendable () -> Void)?

        init(at: UInt64, order: UInt64, body: @escaping @Sendable () -> Void) {
            self.at = at
            self.order = order
            self.body = body
        }

        static func < (left: Entry, right: Entry) -> Bool {
            (left.at, left.order) < (right.at, right.order)
        }
    }

    private let thread = pthread_self()
    private var heap: [Entry] = []
    private var order: UInt64 = 0
    /// Nanoseconds.
    private(set) var time: UInt64 = 1_000_000_000

    package init() {}

    package var inEventLoop: Bool { pthread_equal(thread, pthread_self()) != 0 }

    package var now: NIODeadline { .uptimeNanoseconds(time) }

    /// Runs what is due next; false if nothing is, or only after `end`.
    func step(until end: UInt64 = .max) -> Bool {
        while let first = heap.first {
            guard let body = first.body else {
                removeFirst()
                continue
            }
            if first.at > end { return false }
            removeFirst()
            time = max(time, first.at)
            first.body = nil
            body()
            return true
        }
        return false
    }

    // MARK: EventLoop

    package func execute(_ task: @escaping @Sendable () -> Void) {
        _ = insert(at: time, task)
    }

    /// Runs `body` after so many nanoseconds.
    func after(_ nanoseconds: UInt64, _ body: @escaping () -> Void) {
        let confined = Confined(body)
        _ = insert(at: time + nanoseconds) { confined.value() }
    }

    package func scheduleTask<T>(
        deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        let promise = makePromise(of: T.self)
        let entry = insert(at: max(deadline.uptimeNanoseconds, time)) {
            promise.assumeIsolated().completeWith(Result { try task() })
        }
        let confined = Confined(entry)
        return Scheduled(promise: promise) { confined.value.body = nil }
    }

    package func scheduleTask<T>(
        in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        scheduleTask(deadline: now + delay, task)
    }

    package func shutdownGracefully(
        queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void
    ) {
        callback(nil)
    }

    // MARK: The queue

    private func insert(at: UInt64, _ body: @escaping @Sendable () -> Void) -> Entry {
        precondition(inEventLoop, "something left the simulation's thread")
        order += 1
        let entry = Entry(at: at, order: order, body: body)
        heap.append(entry)
        var index = heap.count - 1
        while index > 0, entry < heap[(index - 1) / 2] {
            heap[index] = heap[(index - 1) / 2]
            index = (index - 1) / 2
        }
        heap[index] = entry
        return entry
    }

    private func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        var index = 0
        while true {
            var child = 2 * index + 1
            if child >= heap.count { break }
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            if last < heap[child] { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = last
    }
}

/// Carries a value through a `@Sendable` closure of the simulation.
///
/// Sendable: a simulation has one thread.
struct Confined<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
