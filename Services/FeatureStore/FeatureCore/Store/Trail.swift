internal import FeatureEngine
internal import Storage

/// Events of one entity in the order of the versions they made.
///
/// Family `trail` holds them in rows of events whose versions follow each other: under the version
/// of the first the sequences of all. Rows may overlap, then they agree.
struct Trail: Sendable {
    struct Step: Hashable, Sendable {
        let version: UInt64
        let sequence: UInt64
    }

    /// Of one row.
    static let maximumSteps = 512

    private(set) var steps: [Step] = []

    var isEmpty: Bool { steps.isEmpty }
    var byteCount: Int { steps.count * MemoryLayout<Step>.stride }

    mutating func append(version: UInt64, sequence: UInt64) {
        steps.append(Step(version: version, sequence: sequence))
    }

    mutating func prepend(_ earlier: Trail) { steps = earlier.steps + steps }

    /// - Parameter prefix: the beginning of the entity's keys in `trail`.
    func put(_ prefix: [UInt8], in batch: inout WriteBatch) {
        var first = 0
        while first < steps.count {
            var end = first + 1
            while end < steps.count, end - first < Self.maximumSteps,
                steps[end].version == steps[end - 1].version + 1
            { end += 1 }
            var value: [UInt8] = []
            value.reserveCapacity((end - first) * 8)
            for step in steps[first..<end] {
                withUnsafeBytes(of: step.sequence.bigEndian) { value.append(contentsOf: $0) }
            }
            batch.put(prefix + StorageKey.bigEndian(steps[first].version), value, in: .trail)
            first = end
        }
    }

    /// The steps of a stored row, ascending; nil if it is damaged.
    static func steps(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) -> [Step]? {
        guard let first = StorageKey.sequence(key.suffix(8)) else { return nil }
        return sequences(value)?.enumerated().map {
            Step(version: first &+ UInt64($0.offset), sequence: $0.element)
        }
    }

    /// The events of a stored row; nil if it is damaged.
    static func sequences(_ value: some RandomAccessCollection<UInt8>) -> [UInt64]? {
        guard !value.isEmpty, value.count % 8 == 0 else { return nil }
        return stride(from: 0, to: value.count, by: 8).compactMap {
            StorageKey.sequence(value.dropFirst($0).prefix(8))
        }
    }
}
