/// The rows that stand for "nothing is known": an input left out takes its value from each of them.
public struct BackgroundRows: Sendable, Hashable {
    public static let mostRows = 100

    public let inputCount: Int
    public let count: Int
    /// Row by row.
    let values: [Double]

    /// Nil unless there are 1 to 100 rows of the same length.
    public init?(_ rows: [[Double]]) {
        guard let first = rows.first, rows.count <= Self.mostRows,
            rows.allSatisfy({ $0.count == first.count })
        else { return nil }
        inputCount = first.count
        count = rows.count
        values = rows.flatMap { $0 }
    }

    subscript(_ row: Int) -> ArraySlice<Double> {
        values[row * inputCount..<(row + 1) * inputCount]
    }
}
