/// The shape of a method: how many messages go each way.
public enum MethodKind: Sendable, Hashable {
    case unary, serverStreaming, clientStreaming, bidirectional

    /// Whether the caller sends a stream of messages instead of one.
    public var streamsRequests: Bool { self == .clientStreaming || self == .bidirectional }
    /// Whether a stream of messages comes back instead of one.
    public var streamsReplies: Bool { self == .serverStreaming || self == .bidirectional }
}

/// Who may call a method.
public enum MethodAccess: Sendable, Hashable {
    /// Anyone.
    case `public`
    /// A caller with this scope; with `mutualTLS`, only over a verified client certificate.
    case scope(String, mutualTLS: Bool)
}

/// Whether a call may be repeated.
public enum Idempotency: Sendable, Hashable {
    /// A repeat may do it twice: never repeated once it may have started.
    case none
    /// Changes nothing.
    case readonly
    /// The field at `path` (field numbers) makes repeats within `ttl` count once.
    case keyed(path: [Int], ttl: Duration)

    /// Whether a call that may have run can be sent again.
    public var allowsRetry: Bool { self != .none }
}

/// When a failed attempt is repeated (only for methods that allow it).
public struct RetryPolicy: Sendable, Hashable {
    /// All attempts together, the first included.
    public var maximumAttempts: Int
    public var codes: [StatusCode]
    /// The pause before the second attempt; each further one is longer by the multiplier.
    public var initialBackoff: Duration
    public var maximumBackoff: Duration
    public var backoffMultiplier: Double

    public init(
        maximumAttempts: Int = 3, codes: [StatusCode] = [.unavailable],
        initialBackoff: Duration = .milliseconds(10), maximumBackoff: Duration = .milliseconds(250),
        backoffMultiplier: Double = 2
    ) {
        self.maximumAttempts = maximumAttempts
        self.codes = codes
        self.initialBackoff = initialBackoff
        self.maximumBackoff = maximumBackoff
        self.backoffMultiplier = backoffMultiplier
    }

    /// The pause after so many attempts that may have run, before it is jittered.
    package func backoff(after attempts: Int) -> Duration {
        var pause = initialBackoff
        for _ in 0..<attempts where pause < maximumBackoff { pause = pause * backoffMultiplier }
        return min(pause, maximumBackoff)
    }
}

/// What the schema says about one method. Generated; cheap to copy.
public struct MethodDescriptor: Sendable {
    private let storage: Storage

    /// Immutable, hence safe to share between threads.
    private final class Storage: Sendable {
        let path: String
        let kind: MethodKind
        let schema: UInt64
        let access: MethodAccess
        let idempotency: Idempotency
        let cost: Int
        let deadline: Duration?
        let retry: RetryPolicy
        let maximumRequestBytes: Int
        let maximumResponseBytes: Int
        let carriesCredentials: Bool
        let isHealthCheck: Bool

        init(
            path: String, kind: MethodKind, schema: UInt64, access: MethodAccess,
            idempotency: Idempotency, cost: Int, deadline: Duration?, retry: RetryPolicy,
            maximumRequestBytes: Int, maximumResponseBytes: Int, carriesCredentials: Bool
        ) {
            self.path = path
            self.kind = kind
            self.schema = schema
            self.access = access
            self.idempotency = idempotency
            self.cost = cost
            self.deadline = deadline
            self.retry = retry
            self.maximumRequestBytes = maximumRequestBytes
            self.maximumResponseBytes = maximumResponseBytes
            self.carriesCredentials = carriesCredentials
            isHealthCheck = path.hasPrefix("/grpc.health.v1.Health/")
        }
    }

    /// - Parameters:
    ///   - path: "/package.Service/Method".
    ///   - schema: the first 64 bits of the service's wire fingerprint.
    ///   - cost: what a call takes from a rate limit.
    ///   - deadline: the longest that a call may take; nil means 10 s, and for a stream no limit.
    ///   - maximumRequestBytes: of each message, without its prefix.
    ///   - maximumResponseBytes: of each message, without its prefix.
    ///   - carriesCredentials: whether a `@pii(credential)` field may be in a request or reply.
    public init(
        path: String, kind: MethodKind, schema: UInt64 = 0, access: MethodAccess,
        idempotency: Idempotency = .none, cost: Int = 1, deadline: Duration? = nil,
        retry: RetryPolicy = RetryPolicy(),
        maximumRequestBytes: Int = 4 << 20, maximumResponseBytes: Int = 4 << 20,
        carriesCredentials: Bool = false
    ) {
        storage = Storage(
            path: path, kind: kind, schema: schema, access: access, idempotency: idempotency,
            cost: cost, deadline: deadline, retry: retry,
            maximumRequestBytes: maximumRequestBytes, maximumResponseBytes: maximumResponseBytes,
            carriesCredentials: carriesCredentials)
    }

    public var path: String { storage.path }
    public var kind: MethodKind { storage.kind }
    public var schema: UInt64 { storage.schema }
    public var access: MethodAccess { storage.access }
    public var idempotency: Idempotency { storage.idempotency }
    public var cost: Int { storage.cost }
    public var deadline: Duration? { storage.deadline }
    public var retry: RetryPolicy { storage.retry }
    public var maximumRequestBytes: Int { storage.maximumRequestBytes }
    public var maximumResponseBytes: Int { storage.maximumResponseBytes }
    /// Messages beside secrets are never packed: their size would tell of the secret (CRIME, BREACH).
    public var carriesCredentials: Bool { storage.carriesCredentials }

    /// Health checks are answered however busy a server is: no limit of running handlers holds for
    /// them, and they wait in no queue.
    public var isHealthCheck: Bool { storage.isHealthCheck }

    /// "package.Service".
    public var service: Substring { path.dropFirst().prefix { $0 != "/" } }
    /// "Method".
    public var name: Substring { path.dropFirst(service.count + 2) }

    /// What a call has whose caller says nothing: the schema's deadline; without one 10 s, and for a
    /// stream longer than any clock counts.
    public var serverDeadline: Duration {
        storage.deadline ?? (kind == .unary ? .seconds(10) : .seconds(Int64.max))
    }

    /// The most that a caller can ask for: the schema's deadline; without one 60 s, and for a stream
    /// as long as it likes.
    public var longestDeadline: Duration {
        storage.deadline ?? (kind == .unary ? .seconds(60) : .seconds(Int64.max))
    }
}
