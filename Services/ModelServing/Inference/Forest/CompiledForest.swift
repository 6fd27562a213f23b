/// Trees compiled into one block, with what it takes to score rows in them.
///
/// One path serves single rows and batches: a block of rows becomes ranks, then each run of trees
/// is walked by all of them before the next, so that its nodes are fetched once.
final class CompiledForest: Sendable {
    /// Rows whose ranks are held at a time, if they have few slots.
    static let mostRowsPerBlock = 64
    static let rankBytesPerBlock = 32 << 10

    let trees: TreeEnsemble
    let rowsPerBlock: Int
    let slotCount: Int
    private let block: ForestBlock
    private let runs: [ForestLayout.Run]
    private let memberships: [RankTable.Membership]
    private let isSingle: Bool
    private let outputs: Int
    private let groupCount: Int
    private let base: [Float]
    private let profile: NumericProfile
    private let leafKind: LeafKind
    private let ranks: RankTable.Layout
    private let words: ForestBlock.Section<UInt32>
    private let siblings: ForestBlock.Section<ForestLayout.Sibling>
    private let roots: ForestBlock.Section<ForestLayout.Root>
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
        groupCount = table.groups.count
        outputs = trees.outputCount
        base = trees.base.map { Float($0) }
        profile = trees.profile
        leafKind =
            profile == .xgboost
            ? .single
            : trees.leafWidth > 1 ? .vector : trees.linearLeaves.isEmpty ? .double : .linear
        slotCount = max(table.slotCount, 1)
        rowsPerBlock = max(
            1, min(Self.mostRowsPerBlock, Self.rankBytesPerBlock / (slotCount * 4)))
        var builder = ForestBlock.Builder()
        ranks = table.layout(in: &builder)
        words = builder.add(layout.words)
        siblings = builder.add(layout.siblings)
        roots = builder.add(layout.roots)
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
    private func fill<Value: BinaryFloatingPoint>(
        _ slots: UnsafeMutablePointer<UInt32>, from row: UnsafePointer<Value>
    ) {
        let fill = RankFill(
            columns: block.start(of: ranks.columns), groups: block.start(of: ranks.groups),
            groupCount: groupCount)
        if isSingle {
            fill.fill(slots, from: row, block.start(of: ranks.singleKeys))
        } else {
            fill.fill(slots, from: row, block.start(of: ranks.doubleKeys))
        }
        if memberships.isEmpty { return }
        for membership in memberships {
            let value = Double(row[Int(membership.split.input)])
            let goesLeft = trees.goesLeft(membership.split, trees.profile.prepared(value))
            slots[Int(membership.slot)] = goesLeft ? 0 : RankFill.missingRight
        }
    }

    private func walk(_ slots: UnsafePointer<UInt32>) -> ForestWalk {
        ForestWalk(
            words: block.start(of: words), siblings: block.start(of: siblings),
            roots: block.start(of: roots), ranks: slots)
    }

    /// Calls `body` with each run and those of its trees that lie in `range`.
    @inline(__always)
    private func visitRuns(
        _ range: Range<Int>, _ body: (ForestLayout.Run, Range<Int>) -> Void
    ) {
        runs.withUnsafeBufferPointer { runs in
            for run in runs {
                let trees = run.trees.clamped(to: range)
                if !trees.isEmpty { body(run, trees) }
            }
        }
    }

    // MARK: Rows

    /// Margins of `count` rows that lie `stride` values apart, before what comes after the sum.
    func sum<Value: BinaryFloatingPoint>(
        rows: UnsafePointer<Value>, count: Int, stride: Int, trees range: Range<Int>,
        offset: [Double]?, _ scratch: ModelScratch, into margins: UnsafeMutablePointer<Double>
    ) {
        var first = 0
        while first < count {
            let block = min(rowsPerBlock, count - first)
            let rows = rows + first * stride
            for row in 0..<block {
                fill(scratch.ranks + row * slotCount, from: rows + row * stride)
            }
            let margins = margins + first * outputs
            switch leafKind {
            case .single: sumSingles(block, range, offset, scratch, into: margins)
            case .double: sumDoubles(block, range, scratch, into: margins)
            case .vector: sumVectors(block, range, scratch, into: margins)
            case .linear:
                for row in 0..<block {
                    sumLinear(
                        rows + row * stride, row, range, scratch, into: margins + row * outputs)
                }
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
    private func sumSingles(
        _ rows: Int, _ range: Range<Int>, _ offset: [Double]?, _ scratch: ModelScratch,
        into margins: UnsafeMutablePointer<Double>
    ) {
        let sums = scratch.singles
        for row in 0..<rows {
            for output in 0..<outputs {
                sums[row * outputs + output] = offset.map { Float($0[output]) } ?? base[output]
            }
        }
        sum(rows, range, scratch, block.start(of: leaves.singles), sums)
        for index in 0..<rows * outputs { margins[index] = Double(sums[index]) }
    }

    @inline(__always)
    private func sumDoubles(
        _ rows: Int, _ range: Range<Int>, _ scratch: ModelScratch,
        into margins: UnsafeMutablePointer<Double>
    ) {
        margins.update(repeating: 0, count: rows * outputs)
        sum(rows, range, scratch, block.start(of: leaves.doubles), margins)
    }

    @inline(__always)
    private func sum<Value: BinaryFloatingPoint>(
        _ rows: Int, _ range: Range<Int>, _ scratch: ModelScratch,
        _ values: UnsafePointer<Value>, _ sums: UnsafeMutablePointer<Value>
    ) {
        let outputOfTree = block.start(of: leaves.outputs)
        visitRuns(range) { run, trees in
            for row in 0..<rows {
                let walk = walk(scratch.ranks + row * slotCount)
                if outputs == 1 {
                    var visitor = OneOutput(values: values, sum: sums[row])
                    walk.walk(run, trees, &visitor)
                    sums[row] = visitor.sum
                } else {
                    var visitor = ManyOutputs(
                        values: values, outputs: outputOfTree, sums: sums + row * outputs)
                    walk.walk(run, trees, &visitor)
                }
            }
        }
    }

    private func sumVectors(
        _ rows: Int, _ range: Range<Int>, _ scratch: ModelScratch,
        into margins: UnsafeMutablePointer<Double>
    ) {
        margins.update(repeating: 0, count: rows * outputs)
        visitRuns(range) { run, trees in
            for row in 0..<rows {
                var visitor = VectorLeaves(
                    rows: block.start(of: leaves.rows), values: block.start(of: leaves.vectors),
                    width: outputs, sums: margins + row * outputs)
                walk(scratch.ranks + row * slotCount).walk(run, trees, &visitor)
            }
        }
    }

    private func sumLinear<Value: BinaryFloatingPoint>(
        _ row: UnsafePointer<Value>, _ index: Int, _ range: Range<Int>, _ scratch: ModelScratch,
        into margins: UnsafeMutablePointer<Double>
    ) {
        for input in 0..<trees.inputCount {
            scratch.row[input] = trees.profile.prepared(Double(row[input]))
        }
        margins.update(repeating: 0, count: trees.outputCount)
        var visitor = LinearLeaves(
            values: block.start(of: leaves.doubles), rows: block.start(of: leaves.rows),
            outputs: block.start(of: leaves.outputs), functions: trees.linearLeaves,
            row: UnsafeBufferPointer(scratch.row), sums: margins)
        visitRuns(range) { run, trees in
            walk(scratch.ranks + index * slotCount).walk(run, trees, &visitor)
        }
    }

    /// The library's number of the leaf in each tree of the range.
    func leaves(
        _ row: UnsafePointer<Double>, trees range: Range<Int>, _ scratch: ModelScratch,
        into met: UnsafeMutablePointer<Int32>
    ) {
        fill(scratch.ranks, from: row)
        var visitor = LeafNumbers(
            numbers: block.start(of: leaves.numbers), first: range.lowerBound, met: met)
        visitRuns(range) { run, trees in walk(scratch.ranks).walk(run, trees, &visitor) }
    }
}
