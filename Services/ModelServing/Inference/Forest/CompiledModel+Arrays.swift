// One row with its own memory: these allocate, so they are for tools and tests.

extension CompiledModel {
    /// Margins of one row.
    public func margins(_ row: [Double], _ options: RowOptions = RowOptions()) -> [Double] {
        let scratch = makeScratch()
        var margins = [Double](repeating: 0, count: marginCount)
        row.withUnsafeBufferPointer { row in
            margins.withUnsafeMutableBufferPointer {
                self.margins(row, options, scratch, into: $0)
            }
        }
        return margins
    }

    /// Predictions of one row.
    public func probabilities(_ row: [Double], _ options: RowOptions = RowOptions()) -> [Double] {
        var values = [Double](repeating: 0, count: probabilityCount)
        margins(row, options).withUnsafeBufferPointer { margins in
            values.withUnsafeMutableBufferPointer {
                probabilities(fromMargins: margins, options, into: $0)
            }
        }
        return values
    }

    /// Leaves of one row.
    public func leaves(_ row: [Double], _ options: RowOptions = RowOptions()) -> [Int32] {
        guard let trees = model.trees else { return [] }
        let scratch = makeScratch()
        var leaves = [Int32](repeating: -1, count: trees.trees(of: options.iterations).count)
        row.withUnsafeBufferPointer { row in
            leaves.withUnsafeMutableBufferPointer {
                self.leaves(row, options, scratch, into: $0)
            }
        }
        return leaves
    }

    public func layoutAgrees(on row: [Double], _ options: RowOptions = RowOptions()) -> Bool {
        row.withUnsafeBufferPointer { layoutAgrees(on: $0, options, makeScratch()) }
    }
}
