/// The bytes of bodies that have come on a connection, those that somebody has taken, and those that
/// the connection's window has grown by again (rpc.md §11.2). At any moment what came is what was
/// consumed and what is still buffered.
///
/// A stream's window grows by what was consumed. The connection's window grows already by what came,
/// up to an allowance: so a few streams that nobody reads do not stop all others, and what one
/// connection can make us hold is still bounded. While credit is held, no window grows.
public struct ReceiveCredit: Sendable, Hashable {
    public internal(set) var received = 0
    public internal(set) var consumed = 0
    /// What the connection's window has grown by.
    public private(set) var returned = 0
    /// Buffered bytes that the connection's window does not shrink by.
    let allowance: Int
    /// The process holds as much as it may.
    var isHeld = false

    init(allowance: Int) { self.allowance = allowance }

    /// Bytes that somebody still holds.
    public var buffered: Int { received - consumed }

    /// What the connection's window grows by now.
    mutating func takeReturnable() -> Int {
        if isHeld { return 0 }
        let kept = max(0, buffered - allowance)
        let count = max(0, received - kept - returned)
        returned += count
        return count
    }
}
