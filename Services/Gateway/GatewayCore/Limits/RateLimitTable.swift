internal import Synchronization

/// The arrival times of many callers, in bounded memory.
///
/// Open addressing in 16 parts, each behind its own lock; an entry whose time has passed is free,
/// since it equals no entry. When a caller finds no free place near its own, it shares one of its
/// part's common buckets, which can only make it wait longer, never let it do more.
public final class RateLimitTable: Sendable {
    private let parts: [Part]
    private let seed: UInt64

    /// - Parameters:
    ///   - capacity: Callers with an unexpired time that are kept apart; rounded up to a power of 2.
    ///   - seed: A random number, so that nobody can choose keys that fall together.
    public init(capacity: Int = 65_536, seed: UInt64) {
        let perPart = max(16, (capacity + 15) / 16)
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
        let hash = Self.hash(key, seed: seed)
        return parts[Int(hash >> 60)].table.withLock { table in
            table.decide(hash, limiter, now: now, cost: cost)
        }
    }

    /// FNV-1a over the seeded start, finished as SplitMix64 does.
    private static func hash(_ key: String, seed: UInt64) -> UInt64 {
        var value = key.utf8.reduce(seed ^ 0xCBF2_9CE4_8422_2325) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01B3
        }
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
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
    private var shared: [Int64]
    private let mask: Int
    private static let probes = 16
    private static let sharedBuckets = 256

    init(capacity: Int) {
        var size = 16
        while size < capacity, size < 1 << 24 { size <<= 1 }
        slots = Array(repeating: Slot(), count: size)
        shared = Array(repeating: .min, count: Self.sharedBuckets)
        mask = size - 1
    }

    mutating func decide(
        _ hash: UInt64, _ limiter: GenericCellRateLimiter, now: Int64, cost: Int
    ) -> GenericCellRateLimiter.Decision {
        var free: Int?
        for step in 0..<Self.probes {
            let index = (Int(truncatingIfNeeded: hash) &+ step) & mask
            if slots[index].arrival > now {
                guard slots[index].key == hash else { continue }
                let decision = limiter.decide(
                    arrival: slots[index].arrival, now: now, cost: cost)
                slots[index].arrival = decision.arrival
                return decision
            }
            if free == nil { free = index }
        }
        if let free {
            let decision = limiter.decide(arrival: nil, now: now, cost: cost)
            slots[free] = Slot(key: hash, arrival: decision.arrival)
            return decision
        }
        let bucket = Int(hash >> 32) & (Self.sharedBuckets - 1)
        let known = shared[bucket] > now ? shared[bucket] : nil
        let decision = limiter.decide(arrival: known, now: now, cost: cost)
        shared[bucket] = decision.arrival
        return decision
    }
}
