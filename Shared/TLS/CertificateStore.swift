internal import Glibc
internal import Synchronization

/// The certificates of a process: chain, key and trust bundle, from files that may be replaced while it
/// runs (a Kubernetes secret, cert-manager).
///
/// `check` looks at the files' contents; who owns the store calls it every two seconds and on SIGHUP.
/// New handshakes use what it found; connections that are open keep what they began with. A set that
/// does not parse, fit together and verify is refused: the old one stays.
public final class CertificateStore: Sendable {
    /// Where the files are. All PEM.
    public struct Files: Sendable, Hashable {
        /// This process's chain, leaf first, and the leaf's key.
        public var certificate: String
        public var key: String
        /// The authorities that it believes; nil where no peer is asked for a certificate.
        public var trust: String?

        public init(certificate: String, key: String, trust: String? = nil) {
            self.certificate = certificate
            self.key = key
            self.trust = trust
        }
    }

    /// What a store has been through, for metrics.
    public struct Status: Sendable, Hashable {
        /// When the leaf in use ends, in seconds since 1970 (UTC).
        public var expiresAt: Int64
        /// Sets taken into use, the first one included.
        public var loads: Int
        /// Sets that were refused. Any rise is an alarm.
        public var refusals: Int
        /// Whether the files hold a refused set now.
        public var isStale: Bool
    }

    typealias Maker = @Sendable (CertificateSet) throws(TLSError) -> TLSContext

    private struct State {
        var set: CertificateSet
        var contents: [[UInt8]]
        /// What was refused last, so that it is judged once.
        var refused: RefusedContents?
        var loads = 1
        var refusals = 0
        var hasWarned = false
        var makers: [Maker] = []
        var contexts: [TLSContext] = []
    }

    /// Files that cannot be read have a reason instead of contents.
    private enum RefusedContents: Equatable {
        case contents([[UInt8]])
        case unreadable(String)
    }

    public let files: Files
    private let observer: (any CertificateObserver)?
    private let state: Mutex<State>
    /// Held while contexts are made, so that none of an old set is left over.
    private let making = Mutex(())

    /// Reads the files; throws if they are no sound set.
    public convenience init(
        _ files: Files, observer: (any CertificateObserver)? = nil
    ) throws(TLSError) {
        try self.init(files, observer: observer, now: Int64(time(nil)))
    }

    /// - Parameter now: seconds since 1970 (UTC).
    package init(
        _ files: Files, observer: (any CertificateObserver)? = nil, now: Int64
    ) throws(TLSError) {
        let contents = try Self.read(files)
        let set = try Self.set(contents, now: now)
        self.files = files
        self.observer = observer
        state = Mutex(State(set: set, contents: contents))
        observer?.certificatesChanged(set)
        warn(at: now)
    }

    /// The set in use.
    public var current: CertificateSet { state.withLock(\.set) }

    public var status: Status {
        state.withLock { state in
            Status(
                expiresAt: state.set.subject.expiresAt, loads: state.loads,
                refusals: state.refusals, isStale: state.refused != nil)
        }
    }

    // MARK: Checking

    /// Looks at the files now.
    public func check() { check(now: Int64(time(nil))) }

    /// - Parameter now: seconds since 1970 (UTC).
    package func check(now: Int64) {
        do throws(TLSError) {
            let contents = try Self.read(files)
            // Who replaces files one after the other is caught in between: the next check decides.
            if try contents == Self.read(files) { judge(contents, now: now) }
        } catch {
            refuse(.unreadable("\(error)"), error)
        }
        warn(at: now)
    }

    private func judge(_ contents: [[UInt8]], now: Int64) {
        let (isInUse, isRefused) = state.withLock { state in
            if state.contents == contents { state.refused = nil }
            return (state.contents == contents, state.refused == .contents(contents))
        }
        if isInUse || isRefused { return }
        do throws(TLSError) {
            let set = try Self.set(contents, now: now)
            try use(set, contents)
            observer?.certificatesChanged(set)
        } catch {
            refuse(.contents(contents), error)
        }
    }

    /// All contexts are made before one is used, so that a set is used everywhere or nowhere.
    private func use(_ set: CertificateSet, _ contents: [[UInt8]]) throws(TLSError) {
        try making.withLock { _ throws(TLSError) in
            var contexts: [TLSContext] = []
            for make in state.withLock(\.makers) { contexts.append(try make(set)) }
            let made = contexts
            state.withLock { state in
                state.set = set
                state.contents = contents
                state.refused = nil
                state.loads += 1
                state.hasWarned = false
                state.contexts = made
            }
        }
    }

    private func refuse(_ contents: RefusedContents, _ error: TLSError) {
        let isNew = state.withLock { state in
            if state.refused == contents { return false }
            state.refused = contents
            state.refusals += 1
            return true
        }
        if isNew { observer?.certificatesRefused(error) }
    }

    private func warn(at now: Int64) {
        let set = state.withLock { state -> CertificateSet? in
            guard !state.hasWarned, now >= state.set.warnsAt else { return nil }
            state.hasWarned = true
            return state.set
        }
        if let set { observer?.certificateExpiresSoon(set, secondsLeft: set.secondsLeft(at: now)) }
    }

    private static func read(_ files: Files) throws(TLSError) -> [[UInt8]] {
        var contents = [
            try CredentialFile.read(files.certificate), try CredentialFile.read(files.key),
        ]
        if let trust = files.trust { contents.append(try CredentialFile.read(trust)) }
        return contents
    }

    private static func set(_ contents: [[UInt8]], now: Int64) throws(TLSError) -> CertificateSet {
        try CertificateSet(
            identity: TLSIdentity(certificateChain: contents[0], privateKey: contents[1]),
            trust: contents.count > 2 ? TLSTrust(certificates: contents[2]) : nil, now: now)
    }

    // MARK: Contexts

    /// Has a context made from the set in use, and from each one that follows.
    func add(_ make: @escaping Maker) throws(TLSError) -> StoredTLSContext {
        try making.withLock { _ throws(TLSError) in
            let context = try make(current)
            let index = state.withLock { state in
                state.makers.append(make)
                state.contexts.append(context)
                return state.contexts.count - 1
            }
            return StoredTLSContext(store: self, index: index)
        }
    }

    func context(_ index: Int) -> TLSContext { state.withLock { $0.contexts[index] } }
}

/// Told of what happens to the certificates of a process: for logs and metrics.
public protocol CertificateObserver: Sendable {
    /// New handshakes use this set.
    func certificatesChanged(_ set: CertificateSet)
    /// The files hold something that is not used; the old set stays.
    func certificatesRefused(_ error: TLSError)
    /// A fifth of the life of the set in use is left. Told once of each set.
    func certificateExpiresSoon(_ set: CertificateSet, secondsLeft: Int64)
}
