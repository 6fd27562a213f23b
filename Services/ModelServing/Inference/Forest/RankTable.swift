/// What a forest asks of a row, as ranks: for each column (an input with a way to treat missing
/// values) its sorted thresholds, so that a value is searched once per row and every node compares
/// two small integers.
///
/// A value's rank is the number of thresholds that it lies right of; it goes left at threshold t
/// exactly if its rank is at most t's own. Equal for every profile and width, infinities included.
///
/// A column has two slots, for splits that send missing values left (their rank is 0) and right
/// (their rank is above all). A categorical split has a slot of its own. Slot 0 is constant.
struct RankTable: Sendable {
    /// Filling a row asks every categorical split, a walk only those on its paths.
    static let categoricalSplitsPerTree = 4

    /// Which values are missing for a split.
    enum Kind: Int32, Sendable {
        case number, missingIsZero, zeroIsMissing

        init(_ missing: TreeEnsemble.Missing) {
            switch missing {
            case .left, .right, .refused: self = .number
            case .asZero: self = .missingIsZero
            case .zeroLeft, .zeroRight: self = .zeroIsMissing
            }
        }
    }

    /// A column's search tree: levels of blocks of sixteen keys. A block of an inner level holds the
    /// last key of each of sixteen blocks of the next; the last level is all keys, sorted.
    struct Column: BitwiseCopyable, Sendable {
        var input: Int32
        var kind: Kind.RawValue
        var levels: Int32
        /// Of its first level, in blocks.
        var start: Int32
    }

    /// Four columns of few thresholds, which are all compared: one of each column at a time.
    struct Scan: BitwiseCopyable, Sendable {
        /// Of the columns.
        var inputs: SIMD4<Int32>
        var kind: Kind.RawValue
        /// Of the longest column; the others end with keys beyond all numbers, and so do all.
        var keyCount: Int32
        /// In fours.
        var start: Int32
    }

    /// Where a column's thresholds of 64 bits lie.
    struct ExactKeys: BitwiseCopyable, Sendable {
        var first: Int
        var count: Int
    }

    /// A categorical split and its slot.
    struct Membership: Sendable {
        var slot: Int32
        var split: TreeEnsemble.Node
    }

    private struct ColumnName: Hashable {
        var input: Int32
        var kind: Kind
    }

    private struct MembershipName: Hashable {
        var input: Int32
        var rule: TreeEnsemble.Rule
        var number: Int32
        var missing: TreeEnsemble.Missing
    }

    /// Whether the row's values are float32.
    let isSingle: Bool
    /// Whether words of 16 bits hold every rank, slot and place of a node in its group.
    private(set) var isNarrow = true
    /// The columns of scans come first.
    private(set) var scans: [Scan] = []
    private(set) var scanKeys: [Int32] = []
    private(set) var columns: [Column] = []
    private(set) var keys: [Int32] = []
    /// For LightGBM, of each column.
    private(set) var exactKeys: [Int64] = []
    private(set) var exactRanges: [ExactKeys] = []
    private(set) var memberships: [Membership] = []
    private var thresholds: [ColumnName: [Int64]] = [:]
    private var firstColumn: [ColumnName: Int] = [:]
    private var membershipSlots: [MembershipName: Int32] = [:]

    /// Thresholds of a column beyond which a search pays.
    static let longestScan = 64

    var slotCount: Int { 1 + 2 * (4 * scans.count + columns.count) + memberships.count }
    private var largestColumn: Int {
        isNarrow ? UInt16.largestColumn : UInt32.largestColumn
    }

    /// Nil if the forest has more categorical splits than are worth asking for every row.
    init?(_ trees: TreeEnsemble) {
        isSingle = trees.profile.takesSinglePrecision
        var sets: [MembershipName: TreeEnsemble.Node] = [:]
        var names: [MembershipName] = []
        func take(_ split: TreeEnsemble.Node, _ table: inout RankTable) {
            guard split.rule.isCategorical else {
                return table.thresholds[Self.columnName(split), default: []].append(
                    table.key(split))
            }
            let name = Self.name(split)
            if sets.updateValue(split, forKey: name) == nil { names.append(name) }
        }
        for node in trees.nodes where !node.isLeaf { take(node, &self) }
        for level in trees.levels { take(level.split, &self) }
        guard names.count <= Self.categoricalSplitsPerTree * trees.treeCount + 64 else {
            return nil
        }
        for name in Array(thresholds.keys) { thresholds[name]?.sortDistinct() }
        isNarrow =
            1 + 2 * thresholds.count + names.count <= UInt16.largestSlotCount
            && thresholds.values.allSatisfy { $0.count <= UInt16.largestColumn }
            && trees.largestTree <= ForestLayout.largestNarrowTree
        layColumns()
        for name in names {
            guard let split = sets[name] else { continue }
            let slot = Int32(truncatingIfNeeded: slotCount)
            membershipSlots[name] = slot
            memberships.append(Membership(slot: slot, split: split))
        }
        let most = isNarrow ? UInt16.largestSlotCount : UInt32.largestSlotCount
        guard slotCount <= most else { return nil }
    }

    private static func columnName(_ split: TreeEnsemble.Node) -> ColumnName {
        ColumnName(input: split.input, kind: Kind(split.missing))
    }

    private static func name(_ split: TreeEnsemble.Node) -> MembershipName {
        let number = split.rule == .hash ? Int32(split.value) : split.categories
        return MembershipName(
            input: split.input, rule: split.rule, number: number, missing: split.missing)
    }

    private func key(_ split: TreeEnsemble.Node) -> Int64 {
        OrderedKey.lastLeft(
            of: split.value, excluding: split.rule == .less, isSingle: isSingle)
    }

    // MARK: Columns

    private mutating func layColumns() {
        var names = thresholds.keys.sorted {
            ($0.input, $0.kind.rawValue) < ($1.input, $1.kind.rawValue)
        }
        names = layScans(names)
        for name in names {
            guard let sorted = thresholds[name] else { continue }
            firstColumn[name] = 4 * scans.count + columns.count
            for start in stride(from: 0, to: sorted.count, by: largestColumn) {
                let part = sorted[start..<min(start + largestColumn, sorted.count)]
                let first = keys.count / Self.blockKeys
                let levels = appendLevels(part.map(searchKey))
                columns.append(
                    Column(
                        input: name.input, kind: name.kind.rawValue, levels: Int32(levels),
                        start: Int32(truncatingIfNeeded: first)))
                appendExact(part)
            }
        }
        // A rank may lie one behind the last block.
        keys += repeatElement(OrderedKey.beyond, count: Self.blockKeys)
    }

    private func searchKey(_ key: Int64) -> Int32 {
        isSingle ? Int32(key) : OrderedKey.upper(key)
    }

    private mutating func appendExact(_ part: ArraySlice<Int64>) {
        if isSingle { return }
        exactRanges.append(ExactKeys(first: exactKeys.count, count: part.count))
        exactKeys += part
    }

    /// Fours of short columns of one kind and like length.
    ///
    /// - Returns: the columns that are left.
    private mutating func layScans(_ names: [ColumnName]) -> [ColumnName] {
        var left = names.filter { (thresholds[$0]?.count ?? 0) > Self.longestScan }
        for kind in [Kind.number, .missingIsZero, .zeroIsMissing] {
            var short = names.filter {
                $0.kind == kind && (thresholds[$0]?.count ?? 0) <= Self.longestScan
            }
            short.sort {
                let (a, b) = (thresholds[$0]?.count ?? 0, thresholds[$1]?.count ?? 0)
                return (a, $0.input) < (b, $1.input)
            }
            for first in stride(from: 0, to: short.count - short.count % 4, by: 4) {
                appendScan(Array(short[first..<first + 4]))
            }
            left += short.suffix(short.count % 4)
        }
        return left
    }

    private mutating func appendScan(_ names: [ColumnName]) {
        let parts = names.map { thresholds[$0] ?? [] }
        let count = parts.reduce(0) { max($0, $1.count) }
        var inputs = SIMD4<Int32>.zero
        for (lane, name) in names.enumerated() {
            inputs[lane] = name.input
            firstColumn[name] = 4 * scans.count + lane
            appendExact(parts[lane][...])
        }
        scans.append(
            Scan(
                inputs: inputs, kind: names[0].kind.rawValue, keyCount: Int32(count),
                start: Int32(truncatingIfNeeded: scanKeys.count / 4)))
        for index in 0...count {
            for part in parts {
                scanKeys.append(
                    index < part.count ? searchKey(part[index]) : OrderedKey.beyond)
            }
        }
    }

    @inline(__always) static var blockKeys: Int { 16 }

    /// Inner levels have room for all that they may hold, so that where the next begins needs no
    /// look: below k keys lie k + 1 blocks.
    private mutating func appendLevels(_ sorted: [Int32]) -> Int {
        var levels: [[Int32]] = [sorted]
        while let next = levels.first, next.count > Self.blockKeys {
            // The last block needs no key: what is above all others is in it.
            levels.insert(
                stride(from: Self.blockKeys - 1, to: next.count - 1, by: Self.blockKeys)
                    .map { next[$0] }, at: 0)
        }
        var room = Self.blockKeys
        for (index, level) in levels.enumerated() {
            if index == levels.count - 1 {
                room = (level.count + Self.blockKeys - 1) / Self.blockKeys * Self.blockKeys
            }
            keys += level
            keys += repeatElement(OrderedKey.beyond, count: room - level.count)
            room = (room + 1) * Self.blockKeys
        }
        return levels.count
    }

    // MARK: Words

    /// A split as a word: its threshold's rank above its slot.
    func word(_ split: TreeEnsemble.Node) -> UInt32 {
        if split.rule.isCategorical { return UInt32(membershipSlots[Self.name(split)] ?? 0) }
        let name = Self.columnName(split)
        let position = thresholds[name]?.firstIndex(atLeast: key(split)) ?? 0
        let missingGoesRight = [.right, .refused, .zeroRight].contains(split.missing)
        let column = (firstColumn[name] ?? 0) + position / largestColumn
        let rank = UInt32(position % largestColumn)
        return rank << (isNarrow ? 8 : 16) | UInt32(1 + 2 * column + (missingGoesRight ? 1 : 0))
    }

    /// The word of a place where every row goes left.
    static let alwaysLeft: UInt32 = 0

    /// Forgets what only making words needs.
    mutating func close() {
        thresholds = [:]
        firstColumn = [:]
        membershipSlots = [:]
    }
}

extension TreeEnsemble {
    /// Nodes of the largest binary tree.
    fileprivate var largestTree: Int {
        trees.reduce(0) { largest, tree in
            guard case .binary(_, let count) = tree.shape else { return largest }
            return max(largest, count)
        }
    }
}

extension [Int64] {
    fileprivate mutating func sortDistinct() {
        sort()
        var kept = 0
        for key in self where kept == 0 || self[kept - 1] != key {
            self[kept] = key
            kept += 1
        }
        removeSubrange(kept...)
    }

    /// In a sorted array.
    fileprivate func firstIndex(atLeast key: Int64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
