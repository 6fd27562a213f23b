/// Puts and deletes, across families, that are applied together or not at all.
public struct WriteBatch: Sendable {
    package struct Operation: Sendable {
        package var family: Family
        package var isDelete: Bool
        package var keyLength: Int
        package var valueLength: Int
    }

    package private(set) var operations: [Operation] = []
    /// The operations' keys and values, one after the other.
    package private(set) var bytes: [UInt8] = []

    public init() {}

    public var isEmpty: Bool { operations.isEmpty }
    public var count: Int { operations.count }
    /// Bytes of all keys and values.
    public var byteCount: Int { bytes.count }

    public mutating func put(_ key: [UInt8], _ value: [UInt8], in family: Family) {
        operations.append(
            Operation(
                family: family, isDelete: false, keyLength: key.count, valueLength: value.count))
        bytes.append(contentsOf: key)
        bytes.append(contentsOf: value)
    }

    public mutating func delete(_ key: [UInt8], in family: Family) {
        operations.append(
            Operation(family: family, isDelete: true, keyLength: key.count, valueLength: 0))
        bytes.append(contentsOf: key)
    }
}
