internal import Synchronization

/// Memory that calls use one after the other, so that none of them allocates its own.
final class ScratchPool<Scratch: Sendable>: Sendable {
    private let unused = Mutex<[Scratch]>([])
    private let make: @Sendable () -> Scratch
    /// Those beyond it are let go.
    private static var maximumUnused: Int { 64 }

    init(_ make: @escaping @Sendable () -> Scratch) { self.make = make }

    func with<Result>(_ body: (inout Scratch) throws -> Result) rethrows -> Result {
        var scratch = unused.withLock { $0.popLast() } ?? make()
        defer { give(back: scratch) }
        return try body(&scratch)
    }

    private func give(back scratch: Scratch) {
        unused.withLock { unused in
            if unused.count < Self.maximumUnused { unused.append(scratch) }
        }
    }
}
