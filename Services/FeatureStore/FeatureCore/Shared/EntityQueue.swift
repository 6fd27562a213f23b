internal import RPC
internal import Synchronization

/// Orders the events of one entity within the process: one at a time, in the order of their coming, from
/// the time they have their places in the log. Each holds all its entities for one round trip, its
/// writes. Those that came meanwhile and wait for its entities are joined to the next one's writes, as
/// far as all that they need is free: many events of one entity then cost it one write.
///
/// Entities are taken in one order, and those who join wait for nothing: so no two events wait for each
/// other.
///
/// - `Work` is what one who holds the entities of another needs to do its part for it, `Done` what comes
///   of it.
final class EntityQueue<Work: Sendable, Done: Sendable>: Sendable {
    static var maximumWaiting: Int { 256 }
    /// Those that hold, and join who holds.
    static var maximumTogether: Int { 16 }

    /// What comes to those who wait for an entity.
    private enum Turn {
        case held
        case full
        /// All is done: by somebody who had its entities.
        case done(Done)
    }

    /// Whoever waits for an entity that is held.
    private struct Waiter {
        let work: Work
        /// All it wants, in their order, and how many it has.
        let wanted: [StateKey]
        let held: Int
        let continuation: CheckedContinuation<Turn, Never>
    }

    /// Entities that are held, and who waits for each.
    private let lines = Mutex<[StateKey: [Waiter]]>([:])

    /// Throws RESOURCE_EXHAUSTED if too many wait for one of the entities.
    func checkRoom(for keys: [StateKey]) throws(RPCError) {
        let isFull = lines.withLock { lines in
            keys.contains { lines[$0]?.count ?? 0 >= Self.maximumWaiting }
        }
        guard isFull else { return }
        throw RPCError(
            code: .resourceExhausted,
            message: "\(Self.maximumWaiting) events of one entity wait already",
            reason: "ENTITY_QUEUE_FULL", retryAfter: .milliseconds(50))
    }

    /// Does the work while all of the entities are held, together with that of others who wait for
    /// them. Nil if too many wait for one of them.
    ///
    /// - Parameter body: does one or more works, the first of them this one; returns as many results.
    func run(
        _ work: Work, holding keys: [StateKey], _ body: ([Work]) async -> [Done]
    ) async -> Done? {
        let wanted = Set(keys).sorted()
        for held in wanted.indices {
            switch await acquire(wanted, held, work) {
            case .held: continue
            case .full:
                release(wanted[..<held])
                return nil
            case .done(let done): return done
            }
        }
        let (joined, all) = join(wanted)
        let done = await body([work] + joined.map(\.work))
        release(all)
        for (waiter, done) in zip(joined, done.dropFirst()) {
            waiter.continuation.resume(returning: .done(done))
        }
        return done.first
    }

    /// How many wait for an entity that is held.
    func waiting(for key: StateKey) -> Int { lines.withLock { $0[key]?.count ?? 0 } }

    private func acquire(_ wanted: [StateKey], _ held: Int, _ work: Work) async -> Turn {
        let key = wanted[held]
        // Without waiting, which is how it mostly goes.
        if lines.withLock({ Self.take(key, &$0) }) { return .held }
        return await withCheckedContinuation { continuation in
            let decided: Turn? = lines.withLock { lines in
                if Self.take(key, &lines) { return .held }
                guard lines[key]?.count ?? 0 < Self.maximumWaiting else { return .full }
                lines[key]?.append(
                    Waiter(work: work, wanted: wanted, held: held, continuation: continuation))
                return nil
            }
            if let decided { continuation.resume(returning: decided) }
        }
    }

    private static func take(_ key: StateKey, _ lines: inout [StateKey: [Waiter]]) -> Bool {
        guard lines[key] == nil else { return false }
        lines[key] = []
        return true
    }

    /// Takes those who wait for what is held out of their lines, if all else that they want is held
    /// too or free. Returns them, and all that is held for them then.
    private func join(_ held: [StateKey]) -> ([Waiter], ArraySlice<StateKey>) {
        lines.withLock { lines in
            guard held.contains(where: { lines[$0]?.isEmpty == false }) else {
                return ([], held[...])
            }
            var all = Set(held)
            var joined: [Waiter] = []
            for key in held {
                var staying: [Waiter] = []
                for waiter in lines[key] ?? [] {
                    let rest = waiter.wanted[waiter.held...]
                    guard joined.count + 1 < Self.maximumTogether,
                        rest.allSatisfy({ all.contains($0) || lines[$0] == nil })
                    else {
                        staying.append(waiter)
                        continue
                    }
                    for key in rest { _ = Self.take(key, &lines) }
                    all.formUnion(waiter.wanted)
                    joined.append(waiter)
                }
                lines[key] = staying
            }
            return (joined, Array(all)[...])
        }
    }

    private func release(_ keys: ArraySlice<StateKey>) {
        for key in keys {
            let next = lines.withLock { lines -> Waiter? in
                guard lines[key]?.isEmpty == false else {
                    lines[key] = nil
                    return nil
                }
                return lines[key]?.removeFirst()
            }
            next?.continuation.resume(returning: .held)
        }
    }
}

extension StateKey: Comparable {
    package static func < (a: StateKey, b: StateKey) -> Bool { (a.high, a.low) < (b.high, b.low) }
}
