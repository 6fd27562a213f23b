/// Trees compiled into one block, with what it takes to score rows in them.
///
/// One path serves single rows and batches: a block of rows becomes ranks, then each run of trees
/// is walked by all of them before the next, so that its nodes are fetched once.
final class CompiledForest: Sendable {
    /// Rows whose ranks are held at a time, if they have few slots.
    static let mostRowsPerBlock = 64
    static let rankBytesPerBlock = 32 << 10

    let trees: TreeEnsemble
    private let rowsPerBlock: Int
    private let slotCount: Int
    let size: ModelScratch.Size
    private let block: ForestBlock
    private let runs: [ForestLayout.Run]
    private let memberships: [RankTable.Membership]
    private let isSingle: Bool
    private let isNarrow: Bool
    private let outputs: Int
    private let base: [Float]
    private let profile: NumericProfile
    private let leafKind: LeafKind
    private let ranks: RankTable.Layout
    private let nodes: ForestNodes
    private let groups: ForestBlock.Section<ForestLayout.SiblingGroup>
    private let leaves: LeafSections

    /// What a leaf adds.
    private enum LeafKind { case single, double, vector, linear }

    private struct LeafSections: Sendable {
        var singles: ForestBlock.Section<Float>
        var doubles: ForestBlock.Section<Double>
        var numbers: ForestBlock.Section<Int32>
        /// Rows of `vectors`, or places of linear functions.
        var rows: ForestBlock.Section<Int32>
        var vectors: ForestBlock.Section<Double>
        var outputs: ForestBlock.Section<Int32>
    }

    var byteCount: Int { block.byteCount }
    /// How many trees each layout holds.
    var layouts: [ForestLayout.Kind: Int] {
        runs.reduce(into: [:]) { $0[$1.kind, default: 0] += $1.trees.count }
    }

    /// - Parameter kind: the layout of binary trees, for comparisons; by rule for nil.
    /// - Returns: nil if the forest needs the general walk.
    init?(_ trees: TreeEnsemble, only kind: ForestLayout.Kind? = nil) {
        guard var table = RankTable(trees) else { return nil }
        if kind == .perfect, trees.depth > ForestLayout.largestPerfectDepth { return nil }
        let layout = ForestLayout(trees, table, only: kind)
        table.close()
        self.trees = trees
        runs = layout.runs
        memberships = table.memberships
        isSingle = table.isSingle
        isNarrow = table.isNarrow
        outputs = trees.outputCount
        base = trees.base.map { Float($0) }
        profile = trees.profile
        leafKind =
            profile == .xgboost
            ? .single
            : trees.leafWidth > 1 ? .vector : trees.linearLeaves.isEmpty ? .double : .linear
        slotCount = table.slotCount
        rowsPerBlock = max(
            1,
            min(
                Self.mostRowsPerBlock,
                Self.rankBytesPerBlock / (slotCount * (isNarrow ? 2 : 4))))
        let together = ForestLayout.together
        size = ModelScratch.Size(
            inputs: trees.inputCount, outputs: trees.outputCount, rows: rowsPerBlock,
            narrowSlots: isNarrow ? slotCount : 0, wideSlots: isNarrow ? 0 : slotCount,
            leaves: layout.runs.reduce(0) {
                max($0, ($1.trees.count + together - 1) / together * together)
            })
        var builder = ForestBlock.Builder()
        ranks = table.layout(in: &builder)
        nodes = ForestNodes(layout, isNarrow: isNarrow, in: &builder)
        groups = builder.add(layout.groups)
        leaves = Self.lay(trees, layout.leaves, in: &builder)
        block = ForestBlock(builder)
    }

    private static func lay(
        _ trees: TreeEnsemble, _ leaves: [ForestLayout.Leaf],
        in builder: inout ForestBlock.Builder
    ) -> LeafSections {
        let isSingle = trees.profile == .xgboost
        let hasRows = trees.leafWidth > 1 || !trees.linearLeaves.isEmpty
        return LeafSections(
            singles: builder.add(isSingle ? leaves.map { Float($0.value) } : []),
            doubles: builder.add(
                isSingle || trees.leafWidth > 1 ? [] : leaves.map { $0.value }),
            numbers: builder.add(leaves.map(\.number)),
            rows: builder.add(hasRows ? leaves.map(\.row) : []),
            vectors: builder.add(trees.leafWidth > 1 ? trees.leafValues : []),
            outputs: builder.add(
                trees.trees.map { Int32(truncatingIfNeeded: max($0.output, 0)) }))
    }

    // MARK: Ranks

    @inline(__always)
    private func fill<Word: RankWord, Value: RowValue>(
        _ slots: UnsafeMutablePointer<Word>, from row: UnsafePointer<Value>,
        _ scratch: ModelScratch
    ) {
        OrderedKey.fill(scratch.keys, from: row, count: trees.inputCount, isSingle: isSingle)
        let fill = RankFill(
            scans: block.start(of: ranks.scans), scanCount: ranks.scans.count,
            scanKeys: block.start(of: ranks.scanKeys), columns: block.start(of: ranks.columns),
            columnCount: ranks.columns.count,
            keys: block.start(of: ranks.keys), exactRanges: block.start(of: ranks.exactRanges),
            exactKeys: block.start(of: ranks.exactKeys), isSingle: isSingle)
        fill.fill(slots, from: row, scratch.keys)
        if memberships.isEmpty { return }
        for membership in memberships {
            let value = Double(row[Int(membership.split.input)])
            let goesLeft = trees.goesLeft(membership.split, trees.profile.prepared(value))
            slots[Int(membership.slot)] = goesLeft ? 0 : .max
        }
    }

    /// Lets the visitor of each of `rows` see its leaves in each run, in the order of the trees.
    ///
    /// - Parameter visitor: of a row.
    @inline(__always)
    private func visit<Word: RankWord, Visitor: LeafVisitor>(
        _: Word.Type, _ rows: Range<Int>, _ range: Range<Int>, _ scratch: ModelScratch,
        _ visitor: (Int) -> Visitor
    ) {
        let words = block.start(of: Word.words(of: nodes))
        let siblings = block.start(of: Word.siblings(of: nodes))
        let groups = block.start(of: groups)
        runs.withUnsafeBufferPointer { runs in
            for run in runs {
                let trees = run.trees.clamped(to: range)
                if trees.isEmpty { continue }
                for row in rows {
                    let walk = ForestWalk<Word>(
                        words: words, siblings: siblings, groups: groups,
                        slots: Word.slots(of: scratch) + row * slotCount)
                    let before = walk.walk(run, trees, into: scratch.leaves)
                    var visitor = visitor(row)
                    visitor.visit(trees, scratch.leaves + before)
                }
            }
        }
    }

    // MARK: Rows

    /// Margins of `count` rows that lie `stride` values apart, before what comes after the sum.
    @inline(__always)
    func sum<Value: RowValue>(
        rows: UnsafePointer<Value>, count: Int, stride: Int, trees range: Range<Int>,
        offset: [Double]?, _ scratch: ModelScratch, into margins: UnsafeMutablePointer<Double>
    ) {
        if isNarrow {
            sum(UInt16.self, rows, count, stride, range, offset, scratch, margins)
        } else {
            sum(UInt32.self, rows, count, stride, range, offset, scratch, margins)
        }
    }

    private func sum<Word: RankWord, Value: RowValue>(
        _: Word.Type, _ rows: UnsafePointer<Value>, _ count: Int, _ stride: Int,
        _ range: Range<Int>, _ offset: [Double]?, _ scratch: ModelScratch,
        _ margins: UnsafeMutablePointer<Double>
    ) {
        var first = 0
        while first < count {
            let block = min(rowsPerBlock, count - first)
            let rows = rows + first * stride
            for row in 0..<block {
                fill(Word.slots(of: scratch) + row * slotCount, from: rows + row * stride, scratch)
            }
            let margins = margins + first * outputs
            switch leafKind {
            case .single: sumSingles(Word.self, block, range, offset, scratch, margins)
            case .double: sumDoubles(Word.self, block, range, scratch, margins)
            case .vector: sumVectors(Word.self, block, range, scratch, margins)
            case .linear: sumLinear(Word.self, rows, block, stride, range, scratch, margins)
            }
            first += block
        }
    }

    /// What comes after the sum, for each row.
    @inline(__always)
    func finish(
        _ margins: UnsafeMutablePointer<Double>, count: Int, trees range: Range<Int>,
        offset: [Double]?
    ) {
        if profile == .xgboost || (profile == .lightgbm && offset == nil) { return }
        for row in 0..<count {
            let margins = UnsafeMutableBufferPointer(
                start: margins + row * outputs, count: outputs)
            trees.finish(margins, trees: range, offset: offset)
        }
    }

    @inline(__always)
    private func sumSingles<Word: RankWord>(
        _: Word.Type, _ rows: Int, _ range: Range<Int>, _ offset: [Double]?,
        _ scratch: ModelScratch, _ margins: UnsafeMutablePointer<Double>
    ) {
        let sums = scratch.singles
        for row in 0..<rows {
            for output in 0..<outputs {
                sums[row * outputs + output] = offset.map { Float($0[output]) } ?? base[output]
            }
        }
        sum(Word.self, rows, range, scratch, block.start(of: leaves.singles), sums)
        for index in 0..<rows * outputs { margins[index] = Double(sums[index]) }
    }

    @inline(__always)
    private func sumDoubles<Word: RankWord>(
        _: Word.Type, _ rows: Int, _ range: Range<Int>, _ scratch: ModelScratch,
        _ margins: UnsafeMutablePointer<Double>
    ) {
        margins.update(repeating: 0, count: rows * outputs)
        sum(Word.self, rows, range, scratch, block.start(of: leaves.doubles), margins)
    }

    @inline(__always)
    private func sum<Word: RankWord, Value: BinaryFloatingPoint>(
        _: Word.Type, _ rows: Int, _ range: Range<Int>, _ scratch: ModelScratch,
        _ values: UnsafePointer<Value>, _ sums: UnsafeMutablePointer<Value>
    ) {
        if outputs == 1 {
            return visit(Word.self, 0..<rows, range, scratch) {
                OneOutput(values: values, sum: sums + $0)
            }
        }
        let outputOfTree = block.start(of: leaves.outputs)
        visit(Word.self, 0..<rows, range, scratch) {
            ManyOutputs(values: values, outputs: outputOfTree, sums: sums + $0 * outputs)
        }
    }

    private func sumVectors<Word: RankWord>(
        _: Word.Type, _ rows: Int, _ range: Range<Int>, _ scratch: ModelScratch,
        _ margins: UnsafeMutablePointer<Double>
    ) {
        margins.update(repeating: 0, count: rows * outputs)
        visit(Word.self, 0..<rows, range, scratch) {
            VectorLeaves(
                rows: block.start(of: leaves.rows), values: block.start(of: leaves.vectors),
                width: outputs, sums: margins + $0 * outputs)
        }
    }

    private func sumLinear<Word: RankWord, Value: RowValue>(
        _: Word.Type, _ rows: UnsafePointer<Value>, _ count: Int, _ stride: Int,
        _ range: Range<Int>, _ scratch: ModelScratch, _ margins: UnsafeMutablePointer<Double>
    ) {
        margins.update(repeating: 0, count: count * outputs)
        for index in 0..<count {
            let row = rows + index * stride
            for input in 0..<trees.inputCount {
                scratch.row[input] = trees.profile.prepared(Double(row[input]))
            }
            visit(Word.self, index..<index + 1, range, scratch) {
                LinearLeaves(
                    values: block.start(of: leaves.doubles), rows: block.start(of: leaves.rows),
                    outputs: block.start(of: leaves.outputs), functions: trees.linearLeaves,
                    row: UnsafeBufferPointer(scratch.row), sums: margins + $0 * outputs)
            }
        }
    }

    /// The library's number of the leaf in each tree of the range.
    func leaves(
        _ row: UnsafePointer<Double>, trees range: Range<Int>, _ scratch: ModelScratch,
        into met: UnsafeMutablePointer<Int32>
    ) {
        if isNarrow {
            leaves(UInt16.self, row, range, scratch, met)
        } else {
            leaves(UInt32.self, row, range, scratch, met)
        }
    }

    private func leaves<Word: RankWord>(
        _: Word.Type, _ row: UnsafePointer<Double>, _ range: Range<Int>,
        _ scratch: ModelScratch, _ met: UnsafeMutablePointer<Int32>
    ) {
        fill(Word.slots(of: scratch), from: row, scratch)
        let numbers = block.start(of: leaves.numbers)
        visit(Word.self, 0..<1, range, scratch) { _ in
            LeafNumbers(numbers: numbers, first: range.lowerBound, met: met)
        }
    }
}
