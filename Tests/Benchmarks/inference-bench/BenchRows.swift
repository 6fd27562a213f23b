import Foundation

/// Rows of the benchmark in both widths; the float64 ones are the float32 ones widened.
struct BenchRows {
    let count: Int
    let width: Int
    let singles: [Float]
    let doubles: [Double]

    /// Little-endian float32, row by row.
    init(path: String, width: Int) throws {
        let data = try Data(contentsOf: URL(filePath: path))
        singles = data.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map {
                bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
            }
        }
        doubles = singles.map(Double.init)
        self.width = width
        count = singles.count / width
    }
}
