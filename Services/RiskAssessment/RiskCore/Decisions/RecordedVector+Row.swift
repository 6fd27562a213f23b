internal import AssayMessages

extension AssayFeaturesV1.Vector {
    /// What the model service knows the vector by.
    var modelVector: UInt64 { ref.fingerprint.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}

extension AssayRiskV1.RecordedVector {
    /// Values that a record holds at most.
    private static let maximumValues = 1_024

    /// Keeps what the model was given. A row that is too long for a record is not kept, and cannot
    /// be asked for again.
    mutating func keep(_ row: AssayFeaturesV1.Vector) {
        guard row.values.count <= Self.maximumValues, row.status.count <= Self.maximumValues else {
            return
        }
        values = row.values.flatMap { value in
            withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
        }
        status = row.status
    }

    /// What the model was given, to the bit; empty if it was not kept.
    var row: [Double] {
        stride(from: 0, to: values.count - values.count % 8, by: 8).map { start in
            let bits = values[start..<start + 8].reversed().reduce(UInt64(0)) {
                $0 << 8 | UInt64($1)
            }
            return Double(bitPattern: bits)
        }
    }
}
