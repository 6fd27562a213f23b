internal import Synchronization

/// A reference that any thread reads without a lock, and one at a time replaces.
///
/// What was replaced is kept until the end of the process: a reader may have just loaded it. So it
/// is for what is replaced by hand, some times in a process' life.
final class SharedReference<Value: AnyObject & Sendable>: Sendable {
    private let current: Atomic<Unmanaged<Value>>
    /// Everything that ever was the current value: these references keep it alive.
    private let values: Mutex<[Value]>

    init(_ value: Value) {
        current = Atomic(Unmanaged.passUnretained(value))
        values = Mutex([value])
    }

    var value: Value { current.load(ordering: .acquiring).takeUnretainedValue() }

    /// The current value and those before it.
    var all: [Value] { values.withLock { $0 } }

    func replace(with value: Value) {
        values.withLock { values in
            values.append(value)
            current.store(Unmanaged.passUnretained(value), ordering: .releasing)
        }
    }
}
