internal import FeatureEngine
internal import Storage

/// One entity that an event or a read names.
package struct EntityReference: Sendable {
    package let tenant: String
    /// Position in the definition set.
    package let entity: Int
    /// The first role in which the event names it.
    package let role: String
    package let key: StateKey
    /// Bit i: it is the i-th entity the event type lists.
    package var touches: UInt64
}

/// Why there is no state to read.
enum StateError: Error {
    case unavailable(StorageError)
    /// The stored bytes are damaged: it is rebuilt from the log.
    case unreadable(BlobError)
}
