internal import Synchronization

/// Memory that calls use one after the other, so that none of them allocates its own.
final class ScratchPool<Scratch: Sendable>: Sendable {
    /// Goes from hand to hand by reference: a copy would count references to all that it holds.
    //
    // Unchecked: it is in the list or with the one call that took it out.
    private final class Holder: @unchecked Sendable {
        var scratch: Scratch

        init(_ scratch: Scratch) { self.scratch = scratch }
    }

    private let unused = Mutex<[Holder]>([])
    private let make: @Sendable () -> Scratch
    /// Those beyond it are let go.
    private static var maximumUnused: Int { 64 }

    init(_ make: @escaping @Sendable () -> Scratch) { self.make = make }

    func with<Result>(_ body: (inout Scratch) throws -> Result) rethrows -> Result {
        let holder = unused.withLock { $0.popLast() } ?? Holder(make())
        defer { give(back: holder) }
        return try body(&holder.scratch)
    }

    private func give(back holder: Holder) {
        unused.withLock { unused in
            if unused.count < Self.maximumUnused { unused.append(holder) }
        }
    }
}
