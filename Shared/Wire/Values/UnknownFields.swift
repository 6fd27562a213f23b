/// Records of a message that its schema does not know, kept byte for byte, ascending by number.
///
/// Only the decoder makes one that is not empty; the encoder puts the records back in their places.
@frozen
public struct UnknownFields: Sendable, Hashable {
    /// The records, back to back.
    public let bytes: [UInt8]

    @usableFromInline
    init(bytes: [UInt8]) { self.bytes = bytes }

    /// No record: the state of a union that was sent empty.
    public static let empty = UnknownFields(bytes: [])

    @inlinable public var isEmpty: Bool { bytes.isEmpty }
}
