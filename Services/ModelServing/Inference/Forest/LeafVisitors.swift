// What is done with leaves. Each value is added in tree order and in the width of the profile; the
// pointers are into the block, the scratch or the caller's buffers, all of which outlive the walk.

/// Adds the leaves of a forest with one output.
struct OneOutput<Value: BinaryFloatingPoint>: LeafVisitor {
    let values: UnsafePointer<Value>
    var sum: Value

    @inline(__always)
    mutating func visit(tree: Int, leaf: Int) { sum += values[leaf] }
}

/// Adds each tree's leaf to the tree's output.
struct ManyOutputs<Value: BinaryFloatingPoint>: LeafVisitor {
    let values: UnsafePointer<Value>
    /// Of each tree.
    let outputs: UnsafePointer<Int32>
    let sums: UnsafeMutablePointer<Value>

    @inline(__always)
    mutating func visit(tree: Int, leaf: Int) { sums[Int(outputs[tree])] += values[leaf] }
}

/// Adds leaves that hold one value per output.
struct VectorLeaves: LeafVisitor {
    let rows: UnsafePointer<Int32>
    let values: UnsafePointer<Double>
    let width: Int
    let sums: UnsafeMutablePointer<Double>

    @inline(__always)
    mutating func visit(tree: Int, leaf: Int) {
        let first = Int(rows[leaf]) * width
        for output in 0..<width { sums[output] += values[first + output] }
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

    mutating func visit(tree: Int, leaf: Int) {
        let function = rows[leaf]
        let value =
            function < 0
            ? values[leaf] : TreeEnsemble.value(of: functions[Int(function)], row)
        sums[Int(outputs[tree])] += value
    }
}

/// Notes the number that the library prints for each leaf.
struct LeafNumbers: LeafVisitor {
    let numbers: UnsafePointer<Int32>
    let first: Int
    let met: UnsafeMutablePointer<Int32>

    @inline(__always)
    mutating func visit(tree: Int, leaf: Int) { met[tree - first] = numbers[leaf] }
}
