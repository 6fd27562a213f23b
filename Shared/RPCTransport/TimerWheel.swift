/// Timers of one event loop in ticks of a millisecond: arming and cancelling take constant time and
/// allocate nothing once the wheel has grown to its load.
///
/// Four rings of 64 slots; a timer moves to a finer ring as its time comes near (Varghese and Lauck,
/// "Hashed and Hierarchical Timing Wheels", 1987).
struct TimerWheel<Target> {
    /// Names an armed timer. One that has fired or was cancelled names nothing any more.
    struct Handle: Hashable {
        fileprivate let index: Int32
        fileprivate let generation: UInt32
    }

    private struct Entry {
        var target: Target?
        var tick: UInt64 = 0
        var generation: UInt32 = 0
        var slot: Int32 = -1
        var next: Int32 = -1
        var previous: Int32 = -1
    }

    private static var rings: Int { 4 }
    private static var slots: Int { 64 }
    /// The farthest that a timer is put ahead; a later one is armed anew when it gets there.
    private static var horizon: UInt64 { 1 << 24 - 1 }

    private(set) var now: UInt64
    private(set) var count = 0
    private var entries: [Entry] = []
    private var free: [Int32] = []
    private var heads: [Int32]
    private var occupied: [UInt64]

    init(now: UInt64) {
        self.now = now
        heads = Array(repeating: -1, count: Self.rings * Self.slots)
        occupied = Array(repeating: 0, count: Self.rings)
    }

    /// Arms a timer; a tick that has passed means the next one.
    mutating func arm(_ target: Target, at tick: UInt64) -> Handle {
        let index: Int32
        if let reused = free.popLast() {
            index = reused
        } else {
            index = Int32(entries.count)
            entries.append(Entry())
        }
        entries[Int(index)].target = target
        entries[Int(index)].tick = max(tick, now + 1)
        link(index)
        count += 1
        return Handle(index: index, generation: entries[Int(index)].generation)
    }

    /// False if the timer has fired or was cancelled before.
    @discardableResult
    mutating func cancel(_ handle: Handle) -> Bool {
        let index = Int(handle.index)
        guard entries[index].generation == handle.generation, entries[index].slot >= 0 else {
            return false
        }
        unlink(handle.index)
        release(handle.index)
        return true
    }

    /// Moves on to `tick` and appends what is due, in order of ticks.
    mutating func advance(to tick: UInt64, into due: inout [Target]) {
        while let next = nextTick, next <= tick {
            now = next
            for ring in (1..<Self.rings).reversed() where next & (1 << (6 * ring) - 1) == 0 {
                cascade(ring)
            }
            fire(into: &due)
        }
        now = max(now, tick)
    }

    /// When `advance` has something to do; nil if no timer is armed.
    var nextTick: UInt64? {
        if count == 0 { return nil }
        var best = UInt64.max
        for ring in 0..<Self.rings where occupied[ring] != 0 {
            let base = now >> UInt64(6 * ring)
            let shift = (base + 1) & 63
            let bits = occupied[ring]
            let rotated = shift == 0 ? bits : bits >> shift | bits << (64 - shift)
            let tick = (base + 1 + UInt64(rotated.trailingZeroBitCount)) << UInt64(6 * ring)
            best = min(best, tick)
        }
        return best
    }

    private mutating func cascade(_ ring: Int) {
        let slot = ring * Self.slots + Int(now >> UInt64(6 * ring) & 63)
        var index = heads[slot]
        heads[slot] = -1
        occupied[ring] &= ~(1 << UInt64(slot & 63))
        while index >= 0 {
            let next = entries[Int(index)].next
            link(index)
            index = next
        }
    }

    private mutating func fire(into due: inout [Target]) {
        let slot = Int(now & 63)
        var index = heads[slot]
        heads[slot] = -1
        occupied[0] &= ~(1 << UInt64(slot))
        while index >= 0 {
            let next = entries[Int(index)].next
            if entries[Int(index)].tick > now {
                link(index)
            } else {
                if let target = entries[Int(index)].target { due.append(target) }
                release(index)
            }
            index = next
        }
    }

    private mutating func link(_ index: Int32) {
        let distance = min(entries[Int(index)].tick - now, Self.horizon)
        let tick = now + distance
        let ring = distance < 64 ? 0 : distance < 4096 ? 1 : distance < 262_144 ? 2 : 3
        let slot = ring * Self.slots + Int(tick >> UInt64(6 * ring) & 63)
        let head = heads[slot]
        entries[Int(index)].slot = Int32(slot)
        entries[Int(index)].next = head
        entries[Int(index)].previous = -1
        if head >= 0 { entries[Int(head)].previous = index }
        heads[slot] = index
        occupied[ring] |= 1 << UInt64(slot & 63)
    }

    private mutating func unlink(_ index: Int32) {
        let entry = entries[Int(index)]
        if entry.previous >= 0 {
            entries[Int(entry.previous)].next = entry.next
        } else {
            heads[Int(entry.slot)] = entry.next
            if entry.next < 0 { occupied[Int(entry.slot) / 64] &= ~(1 << UInt64(entry.slot & 63)) }
        }
        if entry.next >= 0 { entries[Int(entry.next)].previous = entry.previous }
    }

    private mutating func release(_ index: Int32) {
        entries[Int(index)].target = nil
        entries[Int(index)].slot = -1
        entries[Int(index)].generation &+= 1
        free.append(index)
        count -= 1
    }
}
