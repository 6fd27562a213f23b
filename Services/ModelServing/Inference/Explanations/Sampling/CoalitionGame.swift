/// The game whose Shapley values are attributions: a coalition of inputs is worth the model's mean
/// answer over the background rows with those inputs as the explained row has them.
struct CoalitionGame {
    let model: any ExplainedModel
    let background: BackgroundRows
    let row: [Double]
    let output: Int
    let options: RowOptions
    /// Inputs in which some background row differs; all others add nothing.
    let players: [Int]
    /// Worth of nobody and of everybody.
    let base: Double
    let answer: Double

    init(
        _ model: any ExplainedModel, _ background: BackgroundRows,
        _ row: UnsafeBufferPointer<Double>, output: Int, _ options: RowOptions
    ) throws(ExplanationError) {
        self.model = model
        self.background = background
        self.row = Array(row)
        self.output = output
        self.options = options
        players = row.indices.filter { input in
            (0..<background.count).contains { other in
                let other = background[other].dropFirst(input).first ?? .nan
                return !(row[input] == other || row[input].isNaN && other.isNaN)
            }
        }
        let answers = try Self.finite(
            model.answers(Array(row) + background.values, output: output, options))
        answer = answers[0]
        base = Self.mean(answers.dropFirst())
    }

    /// - Parameter coalitions: for each player, whether it takes part.
    func worths(of coalitions: [[Bool]]) throws(ExplanationError) -> [Double] {
        var worths: [Double] = []
        worths.reserveCapacity(coalitions.count)
        // A few thousand rows at a time.
        let group = max(1, 4_096 / background.count)
        var next = 0
        while next < coalitions.count {
            let end = min(next + group, coalitions.count)
            var rows: [Double] = []
            rows.reserveCapacity((end - next) * background.values.count)
            for coalition in coalitions[next..<end] {
                let start = rows.count
                rows.append(contentsOf: background.values)
                for (player, takesPart) in zip(players, coalition) where takesPart {
                    for other in 0..<background.count {
                        rows[start + other * row.count + player] = row[player]
                    }
                }
            }
            let answers = try Self.finite(model.answers(rows, output: output, options))
            for index in 0..<end - next {
                let first = index * background.count
                worths.append(Self.mean(answers[first..<first + background.count]))
            }
            next = end
        }
        return worths
    }

    /// Attributions of all inputs from those of the players.
    func attributions(
        _ values: [Double], _ method: Attributions.Method, _ exactness: Attributions.Exactness
    ) -> Attributions {
        var all = [Double](repeating: 0, count: row.count)
        for (player, value) in zip(players, values) { all[player] = value }
        return Attributions(
            base: base, values: all, rounding: answer - all.reduce(base, +), method: method,
            exactness: exactness, space: model.space)
    }

    static func finite(_ answers: [Double]) throws(ExplanationError) -> [Double] {
        guard answers.allSatisfy(\.isFinite) else { throw .notFinite }
        return answers
    }

    static func mean(_ values: ArraySlice<Double>) -> Double {
        values.reduce(0, +) / Double(max(values.count, 1))
    }
}
