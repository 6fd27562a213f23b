extension RankTable {
    /// The table as its block holds it.
    struct Layout: Sendable {
        var scans: ForestBlock.Section<Scan>
        var scanKeys: ForestBlock.Section<Int32>
        var columns: ForestBlock.Section<Column>
        var keys: ForestBlock.Section<Int32>
        var exactRanges: ForestBlock.Section<ExactKeys>
        var exactKeys: ForestBlock.Section<Int64>
    }

    func layout(in block: inout ForestBlock.Builder) -> Layout {
        Layout(
            scans: block.add(scans), scanKeys: block.add(scanKeys),
            columns: block.add(columns), keys: block.add(keys),
            exactRanges: block.add(exactRanges), exactKeys: block.add(exactKeys))
    }
}

/// Fills the slots of a row: one search per column, or one pass over four short ones, without a
/// branch on its values but for ties.
///
/// The pointers are into the block; `slots` and `rowKeys` are the caller's, of the sizes that the
/// table states.
struct RankFill {
    let scans: UnsafePointer<RankTable.Scan>
    let scanCount: Int
    let scanKeys: UnsafePointer<Int32>
    let columns: UnsafePointer<RankTable.Column>
    let columnCount: Int
    let keys: UnsafePointer<Int32>
    let exactRanges: UnsafePointer<RankTable.ExactKeys>
    let exactKeys: UnsafePointer<Int64>
    let isSingle: Bool

    @inline(__always)
    func fill<Word: RankWord, Value: RowValue>(
        _ slots: UnsafeMutablePointer<Word>, from row: UnsafePointer<Value>,
        _ rowKeys: UnsafePointer<Int32>
    ) {
        slots[0] = 0
        var slot = slots + 1
        for index in 0..<scanCount {
            scan(index, slot, row, rowKeys)
            slot += 8
        }
        var index = 0
        while index < columnCount {
            let column = columns[index]
            var key = rowKeys[Int(column.input)]
            switch column.kind {
            case RankTable.Kind.missingIsZero.rawValue:
                key = key == OrderedKey.missing ? 0 : key
            case RankTable.Kind.zeroIsMissing.rawValue:
                key = key == 0 ? OrderedKey.missing : key
            default: break
            }
            let sought = SIMD16<Int32>(repeating: key)
            var level = keys + Int(column.start) &* RankTable.blockKeys
            var size = RankTable.blockKeys
            var rank = 0
            var remaining = column.levels
            while remaining > 1 {
                rank = (rank &+ Self.keys(below: sought, level + rank)) &* RankTable.blockKeys
                level += size
                size = (size &+ 1) &* RankTable.blockKeys
                remaining = remaining &- 1
            }
            rank = rank &+ Self.keys(below: sought, level + rank)
            if !isSingle && level[rank] == key {
                rank = exactRank(4 &* scanCount &+ index, row[Int(column.input)], from: rank)
            }
            let word = Word(rank: rank)
            slot[0] = word
            slot[1] = key == OrderedKey.missing ? .max : word
            slot += 2
            index = index &+ 1
        }
    }

    /// Four columns at a time, all thresholds of each.
    @inline(__always)
    private func scan<Word: RankWord, Value: RowValue>(
        _ index: Int, _ slots: UnsafeMutablePointer<Word>, _ row: UnsafePointer<Value>,
        _ rowKeys: UnsafePointer<Int32>
    ) {
        let scan = scans[index]
        let inputs = scan.inputs
        var key = SIMD4(
            rowKeys[Int(inputs[0])], rowKeys[Int(inputs[1])], rowKeys[Int(inputs[2])],
            rowKeys[Int(inputs[3])])
        switch scan.kind {
        case RankTable.Kind.missingIsZero.rawValue:
            key.replace(with: 0, where: key .== SIMD4(repeating: OrderedKey.missing))
        case RankTable.Kind.zeroIsMissing.rawValue:
            key.replace(with: OrderedKey.missing, where: key .== .zero)
        default: break
        }
        let first = scanKeys + 4 &* Int(scan.start)
        var keys = UnsafeRawPointer(first)
        let end = keys + 16 &* Int(scan.keyCount)
        var ranks = SIMD4<Int32>.zero
        while keys < end {
            let four = keys.load(as: SIMD4<Int32>.self)
            ranks = ranks &- SIMD4<Int32>.zero.replacing(with: -1, where: four .< key)
            keys += 16
        }
        if !isSingle {
            for lane in 0..<4 where first[4 &* Int(ranks[lane]) &+ lane] == key[lane] {
                let value = row[Int(inputs[lane])]
                ranks[lane] = Int32(
                    truncatingIfNeeded: exactRank(
                        4 &* index &+ lane, value, from: Int(ranks[lane])))
            }
        }
        Word.store(
            SIMD4<UInt32>(truncatingIfNeeded: ranks),
            missing: key .== SIMD4(repeating: OrderedKey.missing), to: slots)
    }

    /// How many of the sixteen keys, which are sorted, are below the one that is sought.
    @inline(__always)
    private static func keys(
        below sought: SIMD16<Int32>, _ keys: UnsafePointer<Int32>
    ) -> Int {
        let block = UnsafeRawPointer(keys).load(as: SIMD16<Int32>.self)
        let sixteen = SIMD16<Int32>.zero.replacing(with: -1, where: block .< sought)
        let eight = sixteen.lowHalf &+ sixteen.highHalf
        let four = eight.lowHalf &+ eight.highHalf
        let two = four.lowHalf &+ four.highHalf
        return Int(0 &- (two[0] &+ two[1]))
    }

    /// Keys whose upper halves are equal: the whole numbers decide. A missing value gets here only
    /// if it counts as zero.
    @inline(never)
    private func exactRank<Value: RowValue>(
        _ column: Int, _ value: Value, from rank: Int
    ) -> Int {
        let isZero = value.isNaN || abs(Double(value)) <= NumericProfile.lightgbmZero
        let key = OrderedKey.double(isZero ? 0 : Double(value))
        let range = exactRanges[column]
        var (low, high) = (rank, range.count)
        while low < high {
            let middle = (low + high) / 2
            if exactKeys[range.first + middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
