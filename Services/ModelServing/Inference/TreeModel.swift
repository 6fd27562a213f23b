/// A loaded, checked and compiled model: bytes in, margins, predictions and reasons out.
public struct TreeModel: Sendable {
    public typealias Rounds = Inference.Rounds

    /// Such as "xgboost-json".
    public let format: String
    /// What wrote the file, such as "xgboost 3.2.0".
    public let library: String
    public let objective: String
    public let link: Link
    /// The file's own names of its inputs; empty if it has none.
    public let inputNames: [String]
    public let compiled: CompiledModel
    /// Nil if the file lacks what attributions need.
    public let explainer: TreeExplainer?

    public var inputCount: Int { compiled.inputCount }
    public var outputCount: Int { compiled.marginCount }
    public var treeCount: Int { compiled.treeCount }
    /// Inputs that some split takes as a category.
    public var categoricalInputs: Set<Int> { compiled.model.trees?.categoricalInputs ?? [] }

    /// Loads an XGBoost model as its library wrote it; its content decides what it is.
    public init(
        _ artifact: [UInt8], rounds: Rounds = .unstated, limits: FormatLimits = FormatLimits()
    ) throws(ModelFileError) {
        let model = try ModelFile.load(artifact, LoadOptions(limits: limits, rounds: rounds))
        guard case .trees(let trees) = model.body, trees.profile == .xgboost else {
            throw ModelFileError(
                offset: 0, path: "$", reason: "a \(model.format.rawValue) model is not served yet")
        }
        format = model.format.rawValue
        library = model.library
        objective = model.objective
        link = model.link
        inputNames = model.inputNames
        compiled = CompiledModel(model)
        explainer = TreeExplainer(trees)
    }

    /// Margins of one row, one value per input, NaN for missing: 0 ulp from the library's own.
    public func margins(_ row: [Float]) -> [Float] {
        var margins = [Float](repeating: 0, count: outputCount)
        row.withUnsafeBufferPointer { row in
            margins.withUnsafeMutableBufferPointer { self.margins(row, into: $0) }
        }
        return margins
    }

    /// Margins of one row into the caller's buffer.
    public func margins(
        _ row: UnsafeBufferPointer<Float>, into margins: UnsafeMutableBufferPointer<Float>
    ) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: outputCount) { wide in
            compiled.margins(
                rows: row, count: 1, stride: inputCount, .whole, compiled.makeScratch(),
                into: wide)
            for output in wide.indices { margins[output] = Float(wide[output]) }
        }
    }

    /// Predictions of one row: margins after the link.
    public func predictions(_ row: [Float]) -> [Float] {
        var values = margins(row)
        values.withUnsafeMutableBufferPointer { link.apply(to: $0) }
        return values
    }

    /// The file's own index of the leaf that a row reaches in each tree.
    public func leaves(_ row: [Float]) -> [Int] {
        compiled.leaves(row.map(Double.init)).map(Int.init)
    }

    /// Whether the layout that serves gives the bits of the plain walk for this row.
    public func layoutAgrees(on row: [Float]) -> Bool {
        compiled.layoutAgrees(on: row.map(Double.init))
    }
}

extension TreeExplainer {
    /// Attributions of a row of float32 values; nil if they do not add up.
    public func attributions(_ row: [Float], output: Int = 0) -> Attributions? {
        try? explain(row.map(Double.init), output: output)
    }
}
