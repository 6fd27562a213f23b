/// The categories that splits list, as their files hold them: sorted numbers (XGBoost) or words of
/// bits (LightGBM).
public struct CategorySets: Sendable, Hashable {
    private var words: [UInt32] = []
    private var ends: [Int] = []

    public var count: Int { ends.count }
    var wordCount: Int { words.count }
    var wordCapacity: Int { words.capacity }
    var capacity: Int { ends.capacity }
    var byteCount: Int { words.capacity * 4 + ends.capacity * 8 }

    /// Makes room for so many in all; 0 for no more than there is.
    mutating func reserve(words: Int, sets: Int) {
        if words > 0 { self.words.reserveCapacity(words) }
        if sets > 0 { ends.reserveCapacity(sets) }
    }

    public init() {}

    /// - Parameter sorted: in ascending order, each below 2^31.
    /// - Returns: the set's number.
    public mutating func append(sorted: some Collection<Int32>) -> Int32 {
        words.append(contentsOf: sorted.lazy.map { UInt32(bitPattern: $0) })
        return close()
    }

    /// - Parameter bits: bit k of word w stands for category 32 w + k.
    /// - Returns: the set's number.
    public mutating func append(bits: some Collection<UInt32>) -> Int32 {
        words.append(contentsOf: bits)
        return close()
    }

    private mutating func close() -> Int32 {
        ends.append(words.count)
        return Int32(truncatingIfNeeded: ends.count - 1)
    }

    /// The words of a set as they were given.
    public func members(of set: Int32) -> ArraySlice<UInt32> {
        let set = Int(set)
        return words[(set == 0 ? 0 : ends[set - 1])..<ends[set]]
    }

    /// Whether the sorted set lists the category.
    func lists(_ category: UInt32, in set: Int32) -> Bool {
        let members = members(of: set)
        var (low, high) = (members.startIndex, members.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if members[middle] < category { low = middle + 1 } else { high = middle }
        }
        return low < members.endIndex && members[low] == category
    }

    /// Whether the bit of the category is set; a category beyond the words is not listed.
    func marks(_ category: UInt32, in set: Int32) -> Bool {
        let members = members(of: set)
        let word = Int(category >> 5)
        guard word < members.count else { return false }
        return members[members.startIndex + word] >> (category & 31) & 1 == 1
    }
}
