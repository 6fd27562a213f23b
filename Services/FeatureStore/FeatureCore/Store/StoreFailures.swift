internal import AssayMessages
internal import Storage
internal import Synchronization

/// What goes wrong in a store though nothing is wrong with the calls: counted by kind, and told to
/// the operator, of each kind once a minute at most.
public final class StoreFailures: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// An event could not be written.
        case write
        /// A state could not be read.
        case read
        /// Personal fields could not be sealed.
        case seal
        /// Changed states could not be stored; the log has what they lack.
        case flush
        /// What has had its time could not be let go.
        case sweep

        var text: String {
            switch self {
            case .write: "an event could not be written"
            case .read: "a state could not be read"
            case .seal: "personal fields could not be sealed"
            case .flush: "changed states could not be stored"
            case .sweep: "old rows could not be let go"
            }
        }
    }

    private struct Count {
        var count = 0
        /// When it was told last, in milliseconds, and how many there were.
        var told: (time: Int64, count: Int)?
    }

    private let counts = Mutex<[Kind: Count]>([:])
    private let tell: @Sendable (String) -> Void

    init(_ tell: @escaping @Sendable (String) -> Void) { self.tell = tell }

    public func count(_ kind: Kind) -> Int { counts.withLock { $0[kind]?.count ?? 0 } }

    /// - Parameter now: the store's clock, in milliseconds.
    func report(_ kind: Kind, _ error: any Error, now: Int64) {
        let new: Int? = counts.withLock { counts in
            var count = counts[kind] ?? Count()
            defer { counts[kind] = count }
            count.count += 1
            if let told = count.told, (told.time..<told.time + 60_000).contains(now) { return nil }
            let new = count.count - (count.told?.count ?? 0)
            count.told = (now, count.count)
            return new
        }
        guard let new else { return }
        tell("\(kind.text): \(error)" + (new > 1 ? " (\(new) times since it was said last)" : ""))
    }
}

extension AssayFeaturesV1.Problem {
    /// Why an event was not recorded, as far as it is a caller's affair.
    init(notRecorded error: any Error) {
        switch error {
        case is PrivacyError:
            self.init(
                rule: "key_damaged",
                message: "the key of a subject cannot be read: the event cannot be sealed")
        case let error as StorageError where error.code == .full:
            self.init(rule: "store_down", message: "the disk of the store is full")
        case let error as StorageError where error.code == .corrupt:
            self.init(rule: "store_down", message: "what the store keeps of an entity is damaged")
        default: self.init(rule: "store_down", message: "the store cannot be written")
        }
    }
}
