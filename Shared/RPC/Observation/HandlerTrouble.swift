/// A handler that costs its process more than it should, as a log wants it.
public struct HandlerTrouble: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// It still runs 10 s after it was cancelled.
        case outlivesItsCall
        /// It did not let go of its event loop for over 10 ms: it belongs into a pool of threads.
        case holdsItsLoop
    }

    public let kind: Kind
    /// "package.Service/Method".
    public let method: String
    /// For how long it held the loop, with those before it that were quick.
    public var duration: Duration?
    /// How often this has happened to the method.
    public let count: Int
}
