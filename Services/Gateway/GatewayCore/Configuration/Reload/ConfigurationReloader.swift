/// Notices that the configuration or a file it names has other content, reads all anew, and says what
/// came of it. What does not load changes nothing.
public actor ConfigurationReloader {
    public enum Finding: Sendable {
        case unchanged
        case loaded(GatewaySnapshot, ConfigurationChange)
        /// The configuration from before stays in force.
        case refused(ConfigurationError)
    }

    /// How often each came of a look.
    public struct Counts: Sendable, Hashable {
        public var loaded = 0
        public var rejected = 0
    }

    private let file: String
    private let makeLoader: @Sendable (FileRecord) -> GatewayLoader
    private var record: FileRecord
    private var current: GatewaySnapshot
    private var isLooking = false
    public private(set) var counts = Counts()

    /// - Parameters:
    ///   - current: What `file` held when `record` read it.
    ///   - makeLoader: A loader that reads through the record it is given.
    public init(
        file: String, current: GatewaySnapshot, record: FileRecord,
        makeLoader: @escaping @Sendable (FileRecord) -> GatewayLoader
    ) {
        self.file = file
        self.current = current
        self.record = record
        self.makeLoader = makeLoader
    }

    /// Looks at the files once.
    ///
    /// - Parameter apply: Takes the new snapshot into use; if it throws, the old one stays.
    public func look(
        apply: @Sendable (GatewaySnapshot) async throws -> Void
    ) async -> Finding {
        // A look that is still applying what it found will be followed by another one.
        guard !isLooking, record.hasChanged() else { return .unchanged }
        isLooking = true
        defer { isLooking = false }
        let attempt = record.fresh()
        do {
            let next = try makeLoader(attempt).load(file)
            let change = ConfigurationChange(from: current, to: next)
            try change.checkApplicable(file: file)
            try await apply(next)
            (current, record) = (next, attempt)
            counts.loaded += 1
            return .loaded(next, change)
        } catch {
            attempt.join(record)
            record = attempt
            counts.rejected += 1
            return .refused(
                error as? ConfigurationError
                    ?? ConfigurationError(file: file, message: "\(error)"))
        }
    }
}
