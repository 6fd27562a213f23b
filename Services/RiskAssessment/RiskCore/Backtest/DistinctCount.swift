/// How many different things there were, in little memory: exact up to `capacity`, and above it
/// estimated from the smallest hashes (k minimum values; Beyer et al. 2007, section 3), with a
/// standard error of 1/√(capacity − 2). Neither order nor repetition changes it.
struct DistinctCount: Equatable {
    let capacity: Int
    /// The smallest hashes, rising.
    private var smallest: [UInt64] = []
    private var isFull = false

    init(capacity: Int) { self.capacity = capacity }

    mutating func insert(_ hash: UInt64) {
        if let last = smallest.last, smallest.count == capacity, hash >= last {
            isFull = isFull || hash > last
            return
        }
        var (low, high) = (0, smallest.count)
        while low < high {
            let middle = (low + high) / 2
            if smallest[middle] < hash { low = middle + 1 } else { high = middle }
        }
        if low < smallest.count, smallest[low] == hash { return }
        smallest.insert(hash, at: low)
        if smallest.count > capacity {
            smallest.removeLast()
            isFull = true
        }
    }

    mutating func merge(_ other: DistinctCount) {
        isFull = isFull || other.isFull
        for hash in other.smallest { insert(hash) }
    }

    var count: UInt64 {
        guard isFull, let last = smallest.last else { return UInt64(smallest.count) }
        let share = (Double(last) + 1) / 0x1p64
        return UInt64((Double(capacity - 1) / share).rounded())
    }

    /// FNV-1a of the text, spread by SplitMix64's last steps.
    static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        return hash ^ (hash >> 31)
    }
}
