/// What a forest asks of a row, as ranks: for each column (an input with a way to treat missing
/// values) its sorted thresholds, so that a value is searched once per row and every node compares
/// two small integers.
///
/// A value's rank is the number of thresholds that it lies right of; it goes left at threshold t
/// exactly if its rank is at most t's own. Equal for every profile and width, infinities included.
///
/// A column has two slots, for splits that send missing values left (their rank is 0) and right
/// (their rank is 65,535). A categorical split has a slot of its own, 0 or 65,535.
struct RankTable: Sendable {
    /// More thresholds than this make another column.
    static let largestColumn = 65_535
    static let largestSlotCount = 65_536
    /// Filling a row asks every categorical split, a walk only those on its paths.
    static let categoricalSplitsPerTree = 4

    /// Which values are missing for a split.
    enum Kind: UInt8, Sendable {
        case number, missingIsZero, zeroIsMissing

        init(_ missing: TreeEnsemble.Missing) {
            switch missing {
            case .left, .right, .refused: self = .number
            case .asZero: self = .missingIsZero
            case .zeroLeft, .zeroRight: self = .zeroIsMissing
            }
        }
    }

    struct Column: BitwiseCopyable, Sendable {
        var input: Int32
        var nanIsMissing: Bool
        var zeroIsMissing: Bool
    }

    /// Consecutive columns whose search trees have one depth; a tree's keys lie breadth-first from 1
    /// on, and the trees side by side.
    struct Group: BitwiseCopyable, Sendable {
        var count: Int32
        var depth: Int32
        var firstKey: Int
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
    private(set) var columns: [Column] = []
    private(set) var groups: [Group] = []
    private(set) var singleKeys: [UInt32] = []
    private(set) var doubleKeys: [UInt64] = []
    private(set) var memberships: [Membership] = []
    private var singles = Thresholds<UInt32>()
    private var doubles = Thresholds<UInt64>()
    private var membershipSlots: [MembershipName: Int32] = [:]

    var slotCount: Int { 2 * columns.count + memberships.count }

    /// The thresholds of each column while the table is made.
    private struct Thresholds<Key: RankKey>: Sendable {
        var keys: [ColumnName: [Key]] = [:]
        var firstColumn: [ColumnName: Int] = [:]

        mutating func sort() {
            for name in keys.keys {
                guard let all = keys[name] else { continue }
                var distinct: [Key] = []
                for key in all.sorted() where distinct.last != key { distinct.append(key) }
                keys[name] = distinct
            }
        }

        func position(of key: Key, in name: ColumnName) -> Int {
            guard let sorted = keys[name] else { return 0 }
            var (low, high) = (0, sorted.count)
            while low < high {
                let middle = (low + high) / 2
                if sorted[middle] < key { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }

    /// Nil if the forest has more categorical splits than are worth asking for every row.
    init?(_ trees: TreeEnsemble) {
        isSingle = trees.profile.takesSinglePrecision
        var sets: [TreeEnsemble.Node] = []
        func take(_ split: TreeEnsemble.Node, _ table: inout RankTable) {
            if split.rule.isCategorical { return sets.append(split) }
            let name = ColumnName(input: split.input, kind: Kind(split.missing))
            let excluding = split.rule == .less
            if table.isSingle {
                let key = UInt32.lastLeft(of: split.value, excluding: excluding)
                table.singles.keys[name, default: []].append(key)
            } else {
                let key = UInt64.lastLeft(of: split.value, excluding: excluding)
                table.doubles.keys[name, default: []].append(key)
            }
        }
        for node in trees.nodes where !node.isLeaf { take(node, &self) }
        for level in trees.levels { take(level.split, &self) }
        singles.sort()
        doubles.sort()
        if isSingle {
            (singleKeys, singles.firstColumn) = lay(singles)
        } else {
            (doubleKeys, doubles.firstColumn) = lay(doubles)
        }
        for split in sets {
            let name = Self.name(split)
            guard membershipSlots[name] == nil else { continue }
            let slot = Int32(truncatingIfNeeded: slotCount)
            membershipSlots[name] = slot
            memberships.append(Membership(slot: slot, split: split))
        }
        let most = Self.categoricalSplitsPerTree * trees.treeCount + 64
        guard memberships.count <= most, slotCount <= Self.largestSlotCount else { return nil }
    }

    private static func name(_ split: TreeEnsemble.Node) -> MembershipName {
        let number = split.rule == .hash ? Int32(split.value) : split.categories
        return MembershipName(
            input: split.input, rule: split.rule, number: number, missing: split.missing)
    }

    /// The columns of all thresholds, those of shallow search trees first.
    private mutating func lay<Key: RankKey>(
        _ thresholds: Thresholds<Key>
    ) -> (keys: [Key], firstColumn: [ColumnName: Int]) {
        func depth(_ name: ColumnName) -> Int {
            let count = min(thresholds.keys[name]?.count ?? 0, Self.largestColumn)
            return Int.bitWidth - count.leadingZeroBitCount
        }
        let names = thresholds.keys.keys.sorted {
            (depth($0), $0.input, $0.kind.rawValue) < (depth($1), $1.input, $1.kind.rawValue)
        }
        var keys: [Key] = []
        var firstColumn: [ColumnName: Int] = [:]
        for name in names {
            guard let sorted = thresholds.keys[name] else { continue }
            firstColumn[name] = columns.count
            let depth = depth(name)
            for start in stride(from: 0, to: sorted.count, by: Self.largestColumn) {
                let part = sorted[start..<min(start + Self.largestColumn, sorted.count)]
                columns.append(
                    Column(
                        input: name.input, nanIsMissing: name.kind != .missingIsZero,
                        zeroIsMissing: name.kind == .zeroIsMissing))
                if groups.last?.depth != Int32(depth) {
                    groups.append(Group(count: 0, depth: Int32(depth), firstKey: keys.count))
                }
                groups[groups.count - 1].count += 1
                keys += Self.searchTree(part, depth: depth)
            }
        }
        return (keys, firstColumn)
    }

    /// Sorted keys as a full search tree, breadth-first from 1 on; places beyond the keys hold the
    /// largest integer, which no number's key exceeds.
    private static func searchTree<Key: RankKey>(
        _ sorted: ArraySlice<Key>, depth: Int
    ) -> [Key] {
        var tree = [Key](repeating: .max, count: 1 << depth)
        for (rank, key) in sorted.enumerated() {
            // In-order position rank + 1: its trailing zeros are its height.
            let height = (rank + 1).trailingZeroBitCount
            tree[(1 << depth | (rank + 1)) >> (height + 1)] = key
        }
        return tree
    }

    /// A split as a word: its threshold's rank above its slot.
    func word(_ split: TreeEnsemble.Node) -> UInt32 {
        if split.rule.isCategorical {
            return UInt32(membershipSlots[Self.name(split)] ?? 0)
        }
        let name = ColumnName(input: split.input, kind: Kind(split.missing))
        let excluding = split.rule == .less
        let column: Int?
        let position: Int
        if isSingle {
            let key = UInt32.lastLeft(of: split.value, excluding: excluding)
            (column, position) = (singles.firstColumn[name], singles.position(of: key, in: name))
        } else {
            let key = UInt64.lastLeft(of: split.value, excluding: excluding)
            (column, position) = (doubles.firstColumn[name], doubles.position(of: key, in: name))
        }
        let missingGoesRight = [.right, .refused, .zeroRight].contains(split.missing)
        let slot = 2 * ((column ?? 0) + position / Self.largestColumn) + (missingGoesRight ? 1 : 0)
        return UInt32(position % Self.largestColumn) << 16 | UInt32(slot)
    }

    /// The word of a place where every row goes left.
    static let alwaysLeft: UInt32 = 0xFFFF_0000

    /// Forgets what only making words needs.
    mutating func close() {
        singles = Thresholds()
        doubles = Thresholds()
        membershipSlots = [:]
    }
}
