/// The states of a stripe by their keys.
///
/// Not a dictionary: most states were not used for long, and where one lies would be looked up in three
/// pieces of memory that are not at hand. Here it is one, at a place that the key's own bits say: they are
/// as even as a hash.
struct StateTable {
    private struct Slot {
        /// Of the key.
        var low: UInt64
        /// Nil in a free slot.
        var state: CachedState?
    }

    /// A power of two, of which more than a quarter is free: a state stands behind its place, and no free
    /// slot is between.
    private var slots = [Slot](repeating: Slot(low: 0, state: nil), count: 16)
    private(set) var count = 0

    private var mask: Int { slots.count - 1 }

    private func place(_ low: UInt64) -> Int { Int(truncatingIfNeeded: low) & mask }

    subscript(key: StateKey) -> CachedState? {
        slots.withUnsafeBufferPointer { slots in
            var place = place(key.low)
            while let found = slots[place].state {
                if slots[place].low == key.low, found.key == key { return found }
                place = (place + 1) & mask
            }
            return nil
        }
    }

    /// Reads a little of where a state with this key would be, so that it is at hand when it is asked for.
    func fetch(_ key: StateKey) -> UInt64 {
        slots.withUnsafeBufferPointer { $0[place(key.low)].low }
    }

    /// The key is not in the table.
    mutating func insert(_ state: CachedState) {
        if count * 4 >= slots.count * 3 { grow() }
        count += 1
        put(state)
    }

    private mutating func put(_ state: CachedState) {
        var place = place(state.key.low)
        while slots[place].state != nil { place = (place + 1) & mask }
        slots[place] = Slot(low: state.key.low, state: state)
    }

    private mutating func grow() {
        let old = slots
        slots = [Slot](repeating: Slot(low: 0, state: nil), count: old.count * 2)
        for slot in old { if let state = slot.state { put(state) } }
    }

    mutating func remove(_ key: StateKey) {
        var free = place(key.low)
        while slots[free].state?.key != key {
            guard slots[free].state != nil else { return }
            free = (free + 1) & mask
        }
        count -= 1
        // Those behind it move up, as far as they do not leave their own places.
        var next = (free + 1) & mask
        while slots[next].state != nil {
            if (next - place(slots[next].low)) & mask >= (next - free) & mask {
                slots[free] = slots[next]
                free = next
            }
            next = (next + 1) & mask
        }
        slots[free] = Slot(low: 0, state: nil)
    }
}
