internal import Crypto
internal import Numerics

/// Seeds of the explainers that draw: from what is explained, so that an explanation repeats.
enum SampleSeed {
    /// The first 8 bytes, big-endian, of SHA-256("assay.sample/1" 00 purpose 00 artifact row), the
    /// row as little-endian float64 with one bit pattern for every missing value.
    static func seed(
        purpose: String, artifact: [UInt8], row: UnsafeBufferPointer<Double>
    ) -> UInt64 {
        var bytes = Array("assay.sample/1".utf8) + [0] + Array(purpose.utf8) + [0] + artifact
        for value in row {
            let bits = value.isNaN ? Double.nan.bitPattern : value.bitPattern
            withUnsafeBytes(of: bits.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return SHA256.hash(data: bytes).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension SplitMix64 {
    /// From 0 up to 1, in steps of 2^-53.
    mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// From 0 up to `bound`.
    mutating func place(below bound: Int) -> Int {
        min(Int(uniform() * Double(bound)), bound - 1)
    }

    mutating func shuffle(_ values: inout [Int]) {
        for index in values.indices.dropFirst().reversed() {
            values.swapAt(index, place(below: index + 1))
        }
    }
}
