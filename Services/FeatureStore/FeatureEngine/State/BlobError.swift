/// Why bytes are not the blob of a state, and where.
public struct BlobError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: String, Hashable, Sendable {
        case truncated = "it ends too early"
        case checksum = "its checksum is wrong"
        case header = "its header is not that of a state"
        case otherGroup = "it belongs to another group"
        case notMinimal = "a number has a longer form than needed"
        case notCanonical = "it is not the one encoding of its state"
        case outOfRange = "a value is out of range"
    }

    public let reason: Reason
    /// Byte position in the blob.
    public let offset: Int

    public var description: String { "state blob, byte \(offset): \(reason.rawValue)" }
}
