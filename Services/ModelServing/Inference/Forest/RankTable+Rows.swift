extension RankTable {
    /// The table as its block holds it.
    struct Layout: Sendable {
        var columns: ForestBlock.Section<Column>
        var singleKeys: ForestBlock.Section<UInt32>
        var doubleKeys: ForestBlock.Section<UInt64>
    }

    func layout(in block: inout ForestBlock.Builder) -> Layout {
        Layout(
            columns: block.add(columns), singleKeys: block.add(singleKeys),
            doubleKeys: block.add(doubleKeys))
    }
}

/// Fills the slots of a row. A rank stands in the upper half of its word, so that it compares with
/// the word of a node as a whole: `node < slot` exactly if the threshold's rank is below the row's.
struct RankFill {
    let columns: UnsafePointer<RankTable.Column>
    let columnCount: Int

    static let missingRight: UInt32 = 0xFFFF_0000

    /// For float32 profiles: rounds to nearest even.
    @inline(__always)
    func fill<Value: BinaryFloatingPoint>(
        _ ranks: UnsafeMutablePointer<UInt32>, from row: UnsafePointer<Value>,
        _ keys: UnsafePointer<UInt32>
    ) {
        for index in 0..<columnCount {
            let column = columns[index]
            let value = Float(row[Int(column.input)])
            let bits = (value + 0).bitPattern
            let key = bits ^ (UInt32(bitPattern: Int32(bitPattern: bits) >> 31) | 0x8000_0000)
            let rank = Self.rank(key, keys + Int(column.firstKey), Int(column.depth))
            ranks[2 &* index] = value.isNaN ? 0 : rank
            ranks[2 &* index &+ 1] = value.isNaN ? Self.missingRight : rank
        }
    }

    /// For LightGBM: whatever is not above its zero in magnitude is zero.
    @inline(__always)
    func fill<Value: BinaryFloatingPoint>(
        _ ranks: UnsafeMutablePointer<UInt32>, from row: UnsafePointer<Value>,
        _ keys: UnsafePointer<UInt64>
    ) {
        for index in 0..<columnCount {
            let column = columns[index]
            let value = Double(row[Int(column.input)])
            let isNaN = value.isNaN
            let isZero = abs(value) <= NumericProfile.lightgbmZero
            let bits = (isNaN || isZero ? 0 : value + 0).bitPattern
            let key = bits ^ (UInt64(bitPattern: Int64(bitPattern: bits) >> 63) | 1 << 63)
            let rank = Self.rank(key, keys + Int(column.firstKey), Int(column.depth))
            let isMissing = isNaN && column.nanIsMissing || isZero && column.zeroIsMissing
            ranks[2 &* index] = isMissing ? 0 : rank
            ranks[2 &* index &+ 1] = isMissing ? Self.missingRight : rank
        }
    }

    /// The number of keys below `key`, in the upper half of a word: one step down the search tree
    /// for each level, none of them a branch.
    @inline(__always)
    private static func rank<Key: RankKey>(
        _ key: Key, _ keys: UnsafePointer<Key>, _ depth: Int
    ) -> UInt32 {
        var index = 1
        for _ in 0..<depth { index = index &+ index &+ (keys[index] < key ? 1 : 0) }
        return UInt32(truncatingIfNeeded: index &- 1 << depth) << 16
    }
}
