internal import Synchronization

/// Open while calls can be written down: closed by a log that its file does not take, or that is not
/// there at all.
public final class AuditGate: Sendable {
    private let broken: Mutex<Set<String>>

    /// - Parameter isOpen: false for a gateway that writes nothing down.
    public init(isOpen: Bool = true) {
        broken = Mutex(isOpen ? [] : ["there is none"])
    }

    public var isOpen: Bool { broken.withLock(\.isEmpty) }

    /// - Returns: Whether that is news.
    public func note(_ log: String, isWritten: Bool) -> Bool {
        broken.withLock { broken in
            isWritten ? broken.remove(log) != nil : broken.insert(log).inserted
        }
    }
}
