/// The bytes of bodies that have come on a connection or a stream, and those of them that the peer has
/// room for again. At any moment what came is what was consumed and what is still buffered.
public struct ReceiveCredit: Sendable, Hashable {
    public internal(set) var received = 0
    public internal(set) var consumed = 0

    /// Bytes that somebody still holds.
    public var buffered: Int { received - consumed }
}
