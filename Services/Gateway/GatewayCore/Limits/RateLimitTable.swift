internal import Synchronization

/// The arrival times of many callers, in bounded memory.
///
/// Open addressing in 16 parts, each behind its own lock, which is held while a few slots are looked
/// at; an entry whose time has passed is free, since it equals no entry. A part grows until its share
/// of the capacity is reached. When a caller then finds no free place near its own, it shares one of
/// its part's common buckets, which can only make it wait longer, never let it do more.
public final class RateLimitTable: Sendable {
    private let parts: [Part]
    let seed: UInt64

    /// - Parameters:
    ///   - capacity: Callers with an unexpired time that are kept apart; rounded up to a power of 2.
    ///     All of a group lie in one part, so that each part may grow to a quarter of it.
    ///   - seed: A random number, so that nobody can choose keys that fall together.
    public init(capacity: Int = 1 << 20, seed: UInt64) {
        let perPart = max(16, (capacity + 3) / 4)
        parts = (0..<16).map { _ in Part(capacity: perPart) }
        self.seed = seed
    }

    /// Takes `cost` from the caller's rate, or says how long to wait.
    ///
    /// - Parameter key: What the caller is counted under; distinct texts share nothing unless the
    ///   table is full.
    public func decide(
        _ key: String, _ limiter: GenericCellRateLimiter, now: Int64, cost: Int = 1
    ) -> GenericCellRateLimiter.Decision {
        var hash = KeyHash(seed)
        hash.add(key)
        return decide(hash.finished, limiter, now: now, cost: cost)
    }

    func decide(
        _ hash: UInt64, _ limiter: GenericCellRateLimiter, now: Int64, cost: Int = 1
    ) -> GenericCellRateLimiter.Decision {
        withPart(hash) { $0.decide(hash, limiter, now: now, cost: cost) }
    }

    /// How the caller stands, without taking anything.
    func look(
        _ hash: UInt64, _ limiter: GenericCellRateLimiter, now: Int64, cost: Int = 1
    ) -> GenericCellRateLimiter.Decision {
        withPart(hash) { slots in
            limiter.decide(arrival: slots.arrival(of: hash, now: now), now: now, cost: cost)
        }
    }

    /// All that is counted under one group lies in one part, so that several rates are asked, and
    /// taken from or not, in one step.
    func withPart<Result>(_ group: UInt64, _ body: (inout Slots) -> Result) -> Result {
        parts[Int(group >> 60)].table.withLock { slots in body(&slots) }
    }

    private final class Part: Sendable {
        let table: Mutex<Slots>

        init(capacity: Int) { table = Mutex(Slots(capacity: capacity)) }
    }
}

/// One part of the table: a value, so that it can be tested alone.
struct Slots {
    private struct Slot {
        var key: UInt64 = 0
        var arrival: Int64 = .min
    }

    private var slots: [Slot]
    private var shared: [Int64] = []
    private let maximum: Int
    private static let probes = 16
    private static let sharedBuckets = 256
    private static let initialSlots = 1024

    init(capacity: Int) {
        var size = 16
        while size < capacity, size < 1 << 24 { size <<= 1 }
        maximum = size
        slots = Array(repeating: Slot(), count: min(size, Self.initialSlots))
    }

    mutating func decide(
        _ hash: UInt64, _ limiter: GenericCellRateLimiter, now: Int64, cost: Int
    ) -> GenericCellRateLimiter.Decision {
        let known = arrival(of: hash, now: now)
        let decision = limiter.decide(arrival: known, now: now, cost: cost)
        // A refusal stores what it brought within reach, of a larger limit of before.
        if decision.isAdmitted || decision.arrival != known ?? now {
            put(hash, decision.arrival, now: now)
        }
        return decision
    }

    /// The time that stands for a key; nil if it is over, or there never was one.
    func arrival(of hash: UInt64, now: Int64) -> Int64? {
        let mask = slots.count - 1
        for step in 0..<Self.probes {
            let slot = slots[(Int(truncatingIfNeeded: hash) &+ step) & mask]
            if slot.arrival > now, slot.key == hash { return slot.arrival }
        }
        // It may have had no place of its own, even if there is one by now.
        if shared.isEmpty { return nil }
        let time = shared[Self.bucket(hash)]
        return time > now ? time : nil
    }

    /// Whether the key has a time of its own, and not one that it shares.
    func holds(_ hash: UInt64, now: Int64) -> Bool {
        let mask = slots.count - 1
        for step in 0..<Self.probes {
            let slot = slots[(Int(truncatingIfNeeded: hash) &+ step) & mask]
            if slot.arrival > now, slot.key == hash { return true }
        }
        return false
    }

    /// Notes the time that stands for a key from now on.
    mutating func put(_ hash: UInt64, _ arrival: Int64, now: Int64) {
        while true {
            if place(hash, arrival, now: now) { return }
            guard slots.count < maximum else { break }
            grow(now: now)
        }
        keepShared(hash, arrival)
    }

    private mutating func keepShared(_ hash: UInt64, _ arrival: Int64) {
        if shared.isEmpty { shared = Array(repeating: .min, count: Self.sharedBuckets) }
        let bucket = Self.bucket(hash)
        shared[bucket] = max(shared[bucket], arrival)
    }

    private mutating func place(_ hash: UInt64, _ arrival: Int64, now: Int64) -> Bool {
        let mask = slots.count - 1
        var free: Int?
        for step in 0..<Self.probes {
            let index = (Int(truncatingIfNeeded: hash) &+ step) & mask
            if slots[index].arrival <= now {
                if free == nil { free = index }
            } else if slots[index].key == hash {
                slots[index].arrival = arrival
                return true
            }
        }
        guard let free else { return false }
        slots[free] = Slot(key: hash, arrival: arrival)
        return true
    }

    /// Twice as many slots. What finds no place near its own even there is kept in a common bucket.
    private mutating func grow(now: Int64) {
        let live = slots.filter { $0.arrival > now }
        slots = Array(repeating: Slot(), count: slots.count * 2)
        for slot in live where !place(slot.key, slot.arrival, now: now) {
            keepShared(slot.key, slot.arrival)
        }
    }

    private static func bucket(_ hash: UInt64) -> Int { Int(hash >> 32) & (sharedBuckets - 1) }
}
