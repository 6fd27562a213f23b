/// A symmetric, positive definite system of equations, solved by Cholesky's factors.
struct NormalEquations {
    let size: Int
    /// Row by row; the lower triangle counts.
    private var matrix: [Double]

    init(size: Int) {
        self.size = size
        matrix = [Double](repeating: 0, count: size * size)
    }

    /// Adds `weight · x xᵀ`.
    mutating func add(_ x: [Double], weight: Double) {
        for row in 0..<size where x[row] != 0 {
            let scaled = weight * x[row]
            for column in 0...row { matrix[row * size + column] += scaled * x[column] }
        }
    }

    mutating func addToDiagonal(_ value: Double) {
        for index in 0..<size { matrix[index * size + index] += value }
    }

    /// Solutions for several right sides; nil if the system has no single answer.
    func solve(_ sides: [[Double]]) -> [[Double]]? {
        guard let factor = factor() else { return nil }
        return sides.map { side in
            var x = side
            for row in 0..<size {
                for column in 0..<row { x[row] -= factor[row * size + column] * x[column] }
                x[row] /= factor[row * size + row]
            }
            for row in (0..<size).reversed() {
                for below in row + 1..<max(size, row + 1) {
                    x[row] -= factor[below * size + row] * x[below]
                }
                x[row] /= factor[row * size + row]
            }
            return x
        }
    }

    private func factor() -> [Double]? {
        var factor = matrix
        for row in 0..<size {
            for column in 0...row {
                var sum = matrix[row * size + column]
                for k in 0..<column { sum -= factor[row * size + k] * factor[column * size + k] }
                if column < row {
                    factor[row * size + column] = sum / factor[column * size + column]
                } else {
                    // What rounding leaves of a dependent row is no pivot.
                    guard sum > 1e-12 * max(matrix[row * size + row], .leastNormalMagnitude)
                    else { return nil }
                    factor[row * size + row] = sum.squareRoot()
                }
            }
        }
        return factor
    }
}
