/// What explainers that know nothing of a model ask of it: one number per row.
public protocol ExplainedModel: Sendable {
    var inputCount: Int { get }
    var space: Attributions.Space { get }

    /// The output of each of the rows that lie in `rows`, one after the other.
    func answers(_ rows: [Double], output: Int, _ options: RowOptions) -> [Double]
}

/// A compiled model's margins or probabilities.
public struct ModelAnswers: ExplainedModel {
    public let model: CompiledModel
    public let space: Attributions.Space

    public init(_ model: CompiledModel, _ space: Attributions.Space = .margin) {
        self.model = model
        self.space = space
    }

    public var inputCount: Int { model.inputCount }

    public func answers(_ rows: [Double], output: Int, _ options: RowOptions) -> [Double] {
        let count = inputCount == 0 ? 0 : rows.count / inputCount
        let width = model.marginCount
        var margins = [Double](repeating: 0, count: count * width)
        rows.withUnsafeBufferPointer { rows in
            margins.withUnsafeMutableBufferPointer {
                model.margins(
                    rows: rows, count: count, stride: inputCount, options, model.makeScratch(),
                    into: $0)
            }
        }
        guard space == .probability else {
            return (0..<count).map { margins[$0 * width + output] }
        }
        var values = [Double](repeating: 0, count: model.probabilityCount)
        return (0..<count).map { row in
            margins[row * width..<(row + 1) * width].withUnsafeBufferPointer { margins in
                values.withUnsafeMutableBufferPointer {
                    model.probabilities(fromMargins: margins, options, into: $0)
                }
            }
            return values[output]
        }
    }
}
