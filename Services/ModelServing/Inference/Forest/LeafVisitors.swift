// What is done with leaves. Each value is added in tree order and in the width of the profile; the
// pointers are into the block, the scratch or the caller's buffers, all of which outlive the visit.

/// What is done with the leaves that a row reaches.
protocol LeafVisitor {
    /// - Parameter leaves: of each of the trees, its place in the block's sections of leaves.
    mutating func visit(_ trees: Range<Int>, _ leaves: UnsafePointer<UInt32>)
}

/// Adds the leaves of a forest with one output.
struct OneOutput<Value: BinaryFloatingPoint>: LeafVisitor {
    let values: UnsafePointer<Value>
    let sum: UnsafeMutablePointer<Value>

    @inline(__always)
    func visit(_ trees: Range<Int>, _ leaves: UnsafePointer<UInt32>) {
        var sum = sum.pointee
        var index = 0
        while index < trees.count {
            sum += values[Int(leaves[index])]
            index = index &+ 1
        }
        self.sum.pointee = sum
    }
}

/// Adds each tree's leaf to the tree's output.
struct ManyOutputs<Value: BinaryFloatingPoint>: LeafVisitor {
    let values: UnsafePointer<Value>
    /// Of each tree.
    let outputs: UnsafePointer<Int32>
    let sums: UnsafeMutablePointer<Value>

    @inline(__always)
    func visit(_ trees: Range<Int>, _ leaves: UnsafePointer<UInt32>) {
        let outputs = outputs + trees.lowerBound
        for index in 0..<trees.count {
            sums[Int(outputs[index])] += values[Int(leaves[index])]
        }
    }
}

/// Adds leaves that hold one value per output.
struct VectorLeaves: LeafVisitor {
    let rows: UnsafePointer<Int32>
    let values: UnsafePointer<Double>
    let width: Int
    let sums: UnsafeMutablePointer<Double>

    @inline(__always)
    func visit(_ trees: Range<Int>, _ leaves: UnsafePointer<UInt32>) {
        for index in 0..<trees.count {
            let leaf = values + Int(rows[Int(leaves[index])]) * width
            for output in 0..<width { sums[output] += leaf[output] }
        }
    }
}

/// Adds leaves that may be linear functions of the row.
struct LinearLeaves: LeafVisitor {
    let values: UnsafePointer<Double>
    let rows: UnsafePointer<Int32>
    let outputs: UnsafePointer<Int32>
    let functions: [TreeEnsemble.LinearLeaf]
    let row: UnsafeBufferPointer<Double>
    let sums: UnsafeMutablePointer<Double>

    func visit(_ trees: Range<Int>, _ leaves: UnsafePointer<UInt32>) {
        for (index, tree) in trees.enumerated() {
            let leaf = Int(leaves[index])
            let function = rows[leaf]
            let value =
                function < 0
                ? values[leaf] : TreeEnsemble.value(of: functions[Int(function)], row)
            sums[Int(outputs[tree])] += value
        }
    }
}

/// Notes the number that the library prints for each leaf.
struct LeafNumbers: LeafVisitor {
    let numbers: UnsafePointer<Int32>
    let first: Int
    let met: UnsafeMutablePointer<Int32>

    func visit(_ trees: Range<Int>, _ leaves: UnsafePointer<UInt32>) {
        for (index, tree) in trees.enumerated() {
            met[tree - first] = numbers[Int(leaves[index])]
        }
    }
}
