/// The margins that a scoring model answers, of an ensemble too.
public struct ScoringAnswers: ExplainedModel {
    public let model: ScoringModel

    public init(_ model: ScoringModel) { self.model = model }

    public var inputCount: Int { model.inputCount }
    public var space: Attributions.Space { .margin }

    public func answers(_ rows: [Double], output: Int, _ options: RowOptions) -> [Double] {
        let count = inputCount == 0 ? 0 : rows.count / inputCount
        let width = model.marginCount
        var margins = [Double](repeating: 0, count: count * width)
        var probabilities = [Double](repeating: 0, count: count * model.probabilityCount)
        rows.withUnsafeBufferPointer { rows in
            margins.withUnsafeMutableBufferPointer { margins in
                probabilities.withUnsafeMutableBufferPointer {
                    model.score(
                        rows: rows, count: count, options, ScoringScratch(), margins: margins,
                        probabilities: $0)
                }
            }
        }
        return (0..<count).map { margins[$0 * width + output] }
    }
}
