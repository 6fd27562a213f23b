public import Storage

/// Brings the decision log back after it could not be written, such as on a full disk: as soon as
/// there is room, the store is opened anew and the log goes on behind its last whole record.
public struct LogRecovery: Sendable {
    /// How the log stands.
    public enum Status: Sendable, Equatable {
        case writable
        /// Nothing is decided, and this is why.
        case refusing(String)
        /// It was refusing, and takes decisions again from here on.
        case recovered
    }

    private let store: ReopenableStore
    private let log: DecisionLog

    public init(store: ReopenableStore, log: DecisionLog) {
        self.store = store
        self.log = log
    }

    /// Looks at the log, and tries to bring it back if it refuses. Blocks on the disk: not for event
    /// loops. To be called every so often, and by one thread.
    public func step() -> Status {
        guard let failure = log.failure else { return .writable }
        do {
            if let refusal = refusal {
                // As long as there is no room, reads go on.
                guard refusal.code != .full else { return .refusing(Self.text(failure)) }
                try store.reopen()
            }
            try log.resume()
            return .recovered
        } catch {
            return .refusing("\(Self.text(failure)); it cannot be opened anew: \(error)")
        }
    }

    /// Why the store still takes no writes; nil if it does.
    private var refusal: StorageError? {
        var batch = WriteBatch()
        batch.put(Array("probe".utf8), [], in: DecisionLog.meta)
        do {
            try store.write(batch, sync: true)
            return nil
        } catch {
            return error
        }
    }

    private static func text(_ failure: StorageError) -> String {
        let cause = failure.code == .full ? "the disk is full" : "it cannot be written"
        return "\(cause); nothing is decided until it can (\(failure))"
    }
}
